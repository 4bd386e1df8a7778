/// The variants in which a stream is offered.
public struct HLSMasterPlaylist: Hashable, Sendable {
  public var version: Int?
  public var hasIndependentSegments = false
  public var variants: [HLSVariant] = []
  /// Pictures alone, for fast winding; never captured.
  public var iFrameVariants: [HLSVariant] = []
  public var renditions: [HLSRendition] = []
  /// Names that media playlists may import.
  public var definitions: [String: String] = [:]

  public init() {}

  /// In which sound is offered, in the order of the list.
  public var languages: [String] {
    let all = variants.compactMap(\.language) + renditions.compactMap(\.language)
    return all.enumerated().filter { !all[..<$0.offset].contains($0.element) }.map(\.element)
  }
}

/// One way in which a stream is offered.
public struct HLSVariant: Hashable, Sendable {
  public var uri: String
  /// The most it needs, in bits per second; nil where it is not told.
  public var bandwidth: Int?
  public var averageBandwidth: Int?
  /// RFC 6381, as written.
  public var codecs: String?
  public var width: Int?
  public var height: Int?
  public var frameRate: String?
  /// The group of its sound, where that is offered apart.
  public var audioGroup: String?
  public var videoGroup: String?
  public var subtitlesGroup: String?
  /// Of its sound, where variants are told apart by it, as a list of sound alone can.
  public var language: String?
  /// It says something else than the others, so that none of them is better or worse.
  public var isAlternative = false

  public init(uri: String) { self.uri = uri }

  /// Whether its codecs say that there is no picture.
  public var isAudioOnly: Bool {
    guard height == nil, let codecs else { return false }
    let audio = ["mp4a", "ac-3", "ec-3", "ac-4", "opus", "Opus", "flac", "fLaC", "mp3", "alac"]
    return codecs.split(separator: ",").allSatisfy { codec in
      let name = codec.drop { $0 == " " }
      return audio.contains { name.hasPrefix($0) }
    }
  }
}

/// Another sound, picture or text that goes with variants (`EXT-X-MEDIA`).
public struct HLSRendition: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case audio = "AUDIO"
    case video = "VIDEO"
    case subtitles = "SUBTITLES"
    case closedCaptions = "CLOSED-CAPTIONS"
  }

  public var kind: Kind
  public var group: String
  public var name: String
  public var language: String?
  /// nil where it is within the variant itself.
  public var uri: String?
  public var isDefault: Bool
  public var isAutoselect: Bool

  public init(
    kind: Kind, group: String, name: String, language: String? = nil, uri: String? = nil,
    isDefault: Bool = false, isAutoselect: Bool = false
  ) {
    self.kind = kind
    self.group = group
    self.name = name
    self.language = language
    self.uri = uri
    self.isDefault = isDefault
    self.isAutoselect = isAutoselect
  }
}

/// Which variant is captured: the best that keeps within the limits, sound before picture.
public struct HLSVariantPolicy: Hashable, Sendable {
  public var maximumHeight: Int?
  public var maximumBitsPerSecond: Int?
  /// RFC 5646; one that says more, such as `de-CH` for `de`, is as good.
  public var soundLanguage: String?

  public init(
    maximumHeight: Int? = nil, maximumBitsPerSecond: Int? = nil, soundLanguage: String? = nil
  ) {
    self.maximumHeight = maximumHeight
    self.maximumBitsPerSecond = maximumBitsPerSecond
    self.soundLanguage = soundLanguage
  }

  public struct Choice: Hashable, Sendable {
    public let variant: HLSVariant
    /// Its sound, where that is offered apart.
    public let sound: HLSRendition?
    /// What people should know of it, in one sentence.
    public let remark: String?
  }

  /// nil where there is no variant at all. Where none keeps within the limits, the smallest is
  /// taken: too much is better than nothing.
  public func choose(from playlist: HLSMasterPlaylist) -> Choice? {
    let said = spoken(playlist.variants)
    let fitting = said.filter(fits)
    guard !fitting.isEmpty else {
      let smallest = said.min { ($0.bandwidth ?? .max) < ($1.bandwidth ?? .max) }
      return smallest.map {
        Choice(
          variant: $0, sound: sound(of: $0, in: playlist),
          remark: "No variant keeps within the stream's limits; the smallest one is captured.")
      }
    }
    let best = fitting.max(by: isWorse)
    return best.map { Choice(variant: $0, sound: sound(of: $0, in: playlist), remark: nil) }
  }

  /// Those in the wanted language; else those that a player takes.
  private func spoken(_ variants: [HLSVariant]) -> [HLSVariant] {
    let wanted = variants.filter { isWanted($0.language) }
    if !wanted.isEmpty { return wanted }
    let usual = variants.filter { !$0.isAlternative }
    return usual.isEmpty ? variants : usual
  }

  private func isWanted(_ language: String?) -> Bool {
    guard let wanted = soundLanguage?.lowercased(), let language = language?.lowercased() else {
      return false
    }
    return language == wanted || language.hasPrefix(wanted + "-")
  }

  private func fits(_ variant: HLSVariant) -> Bool {
    if let maximumHeight, let height = variant.height, height > maximumHeight { return false }
    if let maximumBitsPerSecond, let bandwidth = variant.bandwidth,
      bandwidth > maximumBitsPerSecond
    {
      return false
    }
    return true
  }

  private func isWorse(_ one: HLSVariant, _ other: HLSVariant) -> Bool {
    if one.isAudioOnly != other.isAudioOnly { return one.isAudioOnly }
    return (one.height ?? 0, one.bandwidth ?? 0) < (other.height ?? 0, other.bandwidth ?? 0)
  }

  /// The rendition in the wanted language; else the one that a player would take without being asked
  /// (RFC 8216 §4.3.4.1). nil where the variant has its sound within, or is nothing but sound, whatever
  /// group it names.
  private func sound(of variant: HLSVariant, in playlist: HLSMasterPlaylist) -> HLSRendition? {
    guard !variant.isAudioOnly, let group = variant.audioGroup else { return nil }
    let sounds = playlist.renditions.filter { $0.kind == .audio && $0.group == group }
    if let wanted = sounds.first(where: { isWanted($0.language) }) {
      return wanted.uri == nil ? nil : wanted
    }
    guard sounds.allSatisfy({ $0.uri != nil }) else { return nil }
    return sounds.first(where: \.isDefault) ?? sounds.first(where: \.isAutoselect)
      ?? sounds.first
  }
}
