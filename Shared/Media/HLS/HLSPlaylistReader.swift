internal import Base

/// Reads a playlist line by line; see `HLSPlaylist` for what it promises.
struct HLSPlaylistReader {
  /// A line cannot grow beyond this by its variables.
  private static let longestExpansion = 64 << 10

  private var media = HLSMediaPlaylist()
  private var master = HLSMasterPlaylist()
  private var hasHeader = false

  /// What stood before the next address.
  private var duration: Duration?
  private var title: String?
  private var isDiscontinuity = false
  private var isGap = false
  private var programDateTime: Instant?
  private var byteRange: (length: Int64, offset: Int64?)?
  private var variant: HLSVariant?

  /// What holds until it is replaced.
  private var keys: [HLSKey] = []
  private var map: HLSMap?
  private var discontinuities: Int64 = 0
  private var rangeEnds: [String: Int64] = [:]

  private let query: [String: String]
  private let imported: [String: String]

  init(query: [String: String], imported: [String: String]) {
    self.query = query
    self.imported = imported
  }

  mutating func take(_ line: ArraySlice<UInt8>) throws(HLSPlaylistError) {
    guard let first = line.first else { return }
    guard first == UInt8(ascii: "#") else {
      guard hasHeader else { throw .notAPlaylist }
      return takeAddress(expand(String(decoding: line, as: UTF8.self)))
    }
    guard line.starts(with: Array("#EXT".utf8)) else { return }
    let colon = line.firstIndex(of: UInt8(ascii: ":"))
    let name = String(decoding: line[..<(colon ?? line.endIndex)], as: UTF8.self)
    let value = colon.map { line[($0 + 1)...] } ?? []
    if name == "#EXTM3U" {
      hasHeader = true
    } else if !hasHeader {
      throw .notAPlaylist
    } else {
      takeTag(name, value)
    }
  }

  mutating func finish() throws(HLSPlaylistError) -> HLSPlaylist {
    guard hasHeader else { throw .notAPlaylist }
    let isMaster =
      media.segments.isEmpty
      && !(master.variants.isEmpty && master.renditions.isEmpty && master.iFrameVariants.isEmpty)
    if isMaster {
      master.version = media.version
      master.hasIndependentSegments = media.hasIndependentSegments
      return .master(master)
    }
    number()
    reckonDates()
    return .media(media)
  }

  private mutating func takeTag(_ name: String, _ value: ArraySlice<UInt8>) {
    switch name {
    case "#EXTINF":
      let comma = value.firstIndex(of: UInt8(ascii: ",")) ?? value.endIndex
      duration = HLSNumber.seconds(value[..<comma])
      let rest = value[comma...].dropFirst()
      title = rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
    case "#EXT-X-BYTERANGE": byteRange = range(value)
    case "#EXT-X-DISCONTINUITY": isDiscontinuity = true
    case "#EXT-X-GAP": isGap = true
    case "#EXT-X-PROGRAM-DATE-TIME":
      programDateTime = HLSNumber.date(String(decoding: value, as: UTF8.self))
    case "#EXT-X-KEY": takeKey(attributes(value))
    case "#EXT-X-MAP": takeMap(attributes(value))
    case "#EXT-X-STREAM-INF": variant = readVariant(attributes(value))
    case "#EXT-X-I-FRAME-STREAM-INF":
      var variant = readVariant(attributes(value))
      guard let uri = attributes(value).text("URI"), !uri.isEmpty else { return }
      variant.uri = uri
      master.iFrameVariants.append(variant)
    case "#EXT-X-MEDIA": takeRendition(attributes(value))
    case "#EXT-X-DEFINE": takeDefinition(attributes(value))
    default: takeHeader(name, value)
    }
  }

  private mutating func takeHeader(_ name: String, _ value: ArraySlice<UInt8>) {
    switch name {
    case "#EXT-X-VERSION": media.version = HLSNumber.integer(value).map { Int($0) }
    case "#EXT-X-TARGETDURATION":
      media.targetDuration = HLSNumber.seconds(value) ?? media.targetDuration
    case "#EXT-X-MEDIA-SEQUENCE":
      media.mediaSequence = HLSNumber.integer(value) ?? media.mediaSequence
    case "#EXT-X-DISCONTINUITY-SEQUENCE":
      media.discontinuitySequence = HLSNumber.integer(value) ?? media.discontinuitySequence
    case "#EXT-X-PLAYLIST-TYPE":
      media.kind = HLSMediaPlaylist.Kind(rawValue: String(decoding: value, as: UTF8.self))
    case "#EXT-X-ENDLIST": media.isEnded = true
    case "#EXT-X-I-FRAMES-ONLY": media.isIFramesOnly = true
    case "#EXT-X-INDEPENDENT-SEGMENTS": media.hasIndependentSegments = true
    case "#EXT-X-START":
      media.startOffset = attributes(value).text("TIME-OFFSET").flatMap {
        HLSNumber.seconds(Array($0.utf8)[...], allowsMinus: true)
      }
    case "#EXT-X-SKIP":
      media.skipped += Int64(attributes(value).integer("SKIPPED-SEGMENTS") ?? 0)
    default:
      // Low-latency parts, dates of advertisements and whatever comes later: nothing that a whole
      // segment needs.
      break
    }
  }

  /// An address ends what stood before it.
  private mutating func takeAddress(_ uri: String) {
    if var variant {
      variant.uri = uri
      master.variants.append(variant)
      self.variant = nil
      return
    }
    var segment = HLSSegment(
      uri: uri, duration: duration ?? media.targetDuration ?? .zero, sequence: 0)
    segment.title = title
    if isDiscontinuity { discontinuities += 1 }
    segment.isDiscontinuity = isDiscontinuity
    segment.discontinuitySequence = discontinuities
    segment.isGap = isGap
    segment.programDateTime = programDateTime
    segment.key = currentKey
    segment.map = map
    if let byteRange {
      let offset = byteRange.offset ?? rangeEnds[uri] ?? 0
      segment.byteRange = HLSByteRange(offset: offset, length: byteRange.length)
      rangeEnds[uri] = offset + byteRange.length
    }
    media.segments.append(segment)
    (duration, title, programDateTime, byteRange) = (nil, nil, nil, nil)
    (isDiscontinuity, isGap) = (false, false)
  }

  /// `length[@offset]`
  private func range(_ value: ArraySlice<UInt8>) -> (length: Int64, offset: Int64?)? {
    let at = value.firstIndex(of: UInt8(ascii: "@"))
    guard let length = HLSNumber.integer(value[..<(at ?? value.endIndex)]) else { return nil }
    guard let at else { return (length, nil) }
    return HLSNumber.integer(value[(at + 1)...]).map { (length, $0) }
  }

  // MARK: - Keys and maps

  private mutating func takeKey(_ attributes: HLSAttributes) {
    let method: HLSKey.Method
    switch attributes.text("METHOD") {
    case nil: return
    case "NONE":
      keys = []
      return
    case "AES-128": method = .aes128
    case .some(let other): method = .other(other)
    }
    let key = HLSKey(
      method: method, uri: attributes.text("URI"), iv: attributes.bytes("IV"),
      format: attributes.text("KEYFORMAT") ?? "identity")
    // Several formats of one key may stand side by side; a later one of the same format replaces.
    keys.removeAll { $0.format == key.format }
    if keys.count < 16 { keys.append(key) }
  }

  /// The one that we can use, where there is one.
  private var currentKey: HLSKey? { keys.first { $0.format == "identity" } ?? keys.first }

  private mutating func takeMap(_ attributes: HLSAttributes) {
    guard let uri = attributes.text("URI"), !uri.isEmpty else { return }
    let part = attributes.text("BYTERANGE").flatMap { range(Array($0.utf8)[...]) }
    map = HLSMap(
      uri: uri, byteRange: part.map { HLSByteRange(offset: $0.offset ?? 0, length: $0.length) },
      key: currentKey)
  }

  // MARK: - Master playlists

  private func readVariant(_ attributes: HLSAttributes) -> HLSVariant {
    var variant = HLSVariant(uri: "")
    variant.bandwidth = attributes.integer("BANDWIDTH")
    variant.averageBandwidth = attributes.integer("AVERAGE-BANDWIDTH")
    variant.codecs = attributes.text("CODECS")
    let resolution = attributes.resolution("RESOLUTION")
    variant.width = resolution?.width
    variant.height = resolution?.height
    variant.frameRate = attributes.text("FRAME-RATE")
    variant.audioGroup = attributes.text("AUDIO")
    variant.videoGroup = attributes.text("VIDEO")
    variant.subtitlesGroup = attributes.text("SUBTITLES")
    return variant
  }

  private mutating func takeRendition(_ attributes: HLSAttributes) {
    guard let kind = attributes.text("TYPE").flatMap({ HLSRendition.Kind(rawValue: $0) }),
      let group = attributes.text("GROUP-ID")
    else { return }
    master.renditions.append(
      HLSRendition(
        kind: kind, group: group, name: attributes.text("NAME") ?? "",
        language: attributes.text("LANGUAGE"), uri: attributes.text("URI"),
        isDefault: attributes.isYes("DEFAULT"), isAutoselect: attributes.isYes("AUTOSELECT")))
  }

  // MARK: - Variables

  private mutating func takeDefinition(_ attributes: HLSAttributes) {
    guard master.definitions.count < 100 else { return }
    if let name = attributes.text("NAME") {
      master.definitions[name] = attributes.text("VALUE") ?? ""
    } else if let name = attributes.text("IMPORT"), let value = imported[name] {
      master.definitions[name] = value
    } else if let name = attributes.text("QUERYPARAM"), let value = query[name] {
      master.definitions[name] = value
    }
  }

  private func attributes(_ value: ArraySlice<UInt8>) -> HLSAttributes {
    HLSAttributes(value, expand: expand)
  }

  /// `{$name}` gives way to its value, once.
  private func expand(_ text: String) -> String {
    guard !master.definitions.isEmpty, text.contains("{$") else { return text }
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "{"), result.utf8.count < Self.longestExpansion {
      result += rest[..<start]
      rest = rest[start...]
      if rest.hasPrefix("{$"), let end = rest.firstIndex(of: "}"),
        let value = master.definitions[String(rest[..<end].dropFirst(2))]
      {
        result += value
        rest = rest[rest.index(after: end)...]
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result + rest
  }

  // MARK: - At the end

  /// The tags that say where counting begins may stand anywhere before the first segment.
  private mutating func number() {
    let first = media.mediaSequence + media.skipped
    for index in media.segments.indices {
      media.segments[index].sequence = first + Int64(index)
      media.segments[index].discontinuitySequence += media.discontinuitySequence
    }
  }

  /// From each written date onwards, and from the first one of a stretch back to its beginning.
  private mutating func reckonDates() {
    var next: Instant?
    for index in media.segments.indices {
      if media.segments[index].isDiscontinuity { next = nil }
      next = media.segments[index].programDateTime ?? next
      media.segments[index].date = next
      next = next.map { $0 + media.segments[index].duration }
    }
    for index in media.segments.indices.dropLast().reversed() {
      let after = media.segments[index + 1]
      guard media.segments[index].date == nil, !after.isDiscontinuity else { continue }
      media.segments[index].date = after.date.map { $0 - media.segments[index].duration }
    }
  }
}
