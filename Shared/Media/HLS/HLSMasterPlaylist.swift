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
}

/// Which variant is captured: the best that keeps within the limits, sound before picture.
public struct HLSVariantPolicy: Hashable, Sendable {
  public var maximumHeight: Int?
  public var maximumBitsPerSecond: Int?

  public init(maximumHeight: Int? = nil, maximumBitsPerSecond: Int? = nil) {
    self.maximumHeight = maximumHeight
    self.maximumBitsPerSecond = maximumBitsPerSecond
  }

  public struct Choice: Hashable, Sendable {
    public let variant: HLSVariant
    /// What people should know of it, in one sentence.
    public let remark: String?
  }

  /// nil where there is no variant at all. Where none keeps within the limits, the smallest is
  /// taken: too much is better than nothing.
  public func choose(from playlist: HLSMasterPlaylist) -> Choice? {
    let fitting = playlist.variants.filter(fits)
    guard !fitting.isEmpty else {
      let smallest = playlist.variants.min { ($0.bandwidth ?? .max) < ($1.bandwidth ?? .max) }
      return smallest.map {
        Choice(
          variant: $0,
          remark: "No variant keeps within the stream's limits; the smallest one is captured.")
      }
    }
    let best = fitting.max { isWorse($0, $1, in: playlist) }
    return best.map { variant in
      let isSilent = hasSeparateSound(variant, in: playlist)
      return Choice(
        variant: variant,
        remark: isSilent
          ? "The station offers the sound apart from the picture; what is captured has no sound."
          : nil)
    }
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

  private func isWorse(
    _ one: HLSVariant, _ other: HLSVariant, in playlist: HLSMasterPlaylist
  ) -> Bool {
    let sound = (
      hasSeparateSound(one, in: playlist), hasSeparateSound(other, in: playlist)
    )
    if sound.0 != sound.1 { return sound.0 }
    if one.isAudioOnly != other.isAudioOnly { return one.isAudioOnly }
    return (one.height ?? 0, one.bandwidth ?? 0) < (other.height ?? 0, other.bandwidth ?? 0)
  }

  /// A variant of sound alone is its own sound, whatever group it names.
  private func hasSeparateSound(_ variant: HLSVariant, in playlist: HLSMasterPlaylist) -> Bool {
    guard !variant.isAudioOnly, let group = variant.audioGroup else { return false }
    let sounds = playlist.renditions.filter { $0.kind == .audio && $0.group == group }
    return !sounds.isEmpty && sounds.allSatisfy { $0.uri != nil }
  }
}
