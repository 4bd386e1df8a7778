public import Base

/// Reads a media playlist as RFC 8216 tells a client to, and says what is wrong with it. Knows
/// nothing of how the gateway makes one.
public struct PlaylistReader: Sendable {
  public struct Entry: Hashable, Sendable {
    public var number: Int64
    public var discontinuity: Int64
    public var address: String
    public var durationUs: Int64
    public var start: Instant
    public var map: String?
    public var isGap: Bool

    public var end: Instant { start + .microseconds(durationUs) }
  }

  public private(set) var entries: [Entry] = []
  public private(set) var faults: [String] = []
  public private(set) var version = 1
  public private(set) var target = 0
  public private(set) var type: String?
  public private(set) var startOffset: Double?
  public private(set) var hasEnd = false

  public init(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if !text.hasSuffix("\n") { faults.append("the last line has no end") }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    if lines.first != "#EXTM3U" { faults.append("it does not begin with EXTM3U") }
    var number: Int64 = 0
    var discontinuity: Int64 = 0
    var duration: Int64?
    var start: Instant?
    var map: String?
    var isGap = false
    var isDiscontinuity = false
    var seen: [String: Int] = [:]
    for line in lines.dropFirst() {
      let tag = String(line.prefix { $0 != ":" })
      let value = String(line.dropFirst(tag.count + 1))
      if tag.hasPrefix("#") { seen[tag, default: 0] += 1 }
      switch tag {
      case "#EXT-X-VERSION": version = Int(value) ?? 0
      case "#EXT-X-TARGETDURATION": target = Int(value) ?? 0
      case "#EXT-X-PLAYLIST-TYPE": type = value
      case "#EXT-X-ENDLIST": hasEnd = true
      case "#EXT-X-START":
        startOffset = value.split(separator: ",").first { $0.hasPrefix("TIME-OFFSET=") }
          .flatMap { Double($0.dropFirst(12)) }
      case "#EXT-X-MEDIA-SEQUENCE":
        if !entries.isEmpty { faults.append("the media sequence comes late") }
        number = Int64(value) ?? -1
      case "#EXT-X-DISCONTINUITY-SEQUENCE":
        if !entries.isEmpty || isDiscontinuity { faults.append("the count comes late") }
        discontinuity = Int64(value) ?? -1
      case "#EXT-X-DISCONTINUITY":
        discontinuity += 1
        isDiscontinuity = true
      case "#EXT-X-GAP": isGap = true
      case "#EXT-X-MAP":
        map = value.split(separator: "\"").dropFirst().first.map(String.init)
      case "#EXT-X-PROGRAM-DATE-TIME": start = Instant(value)
      case "#EXTINF":
        duration = Double(value.dropLast()).map { Int64(($0 * 1e6).rounded()) }
        if !value.hasSuffix(",") { faults.append("no comma: \(line)") }
      default:
        if line.hasPrefix("#") {
          faults.append("unknown: \(line)")
          continue
        }
        guard let length = duration, let time = start else {
          faults.append("\(line) has no duration or no time")
          continue
        }
        entries.append(
          Entry(
            number: number, discontinuity: discontinuity, address: line, durationUs: length,
            start: time, map: map, isGap: isGap))
        number += 1
        (duration, start, isGap, isDiscontinuity) = (nil, nil, false, false)
      }
    }
    check(seen)
  }

  private mutating func check(_ seen: [String: Int]) {
    for tag in ["VERSION", "TARGETDURATION", "MEDIA-SEQUENCE", "PLAYLIST-TYPE", "START", "ENDLIST"]
    where seen["#EXT-X-\(tag)", default: 0] > 1 {
      faults.append("\(tag) stands there twice")
    }
    if target == 0 { faults.append("there is no target duration") }
    if entries.isEmpty { faults.append("there is no entry") }
    for entry in entries where (entry.durationUs + 500_000) / 1_000_000 > target {
      faults.append("\(entry.address) lasts longer than the target: \(entry.durationUs)")
    }
    if entries.contains(where: \.isGap), version < 8 { faults.append("GAP before version 8") }
    if entries.contains(where: { $0.map != nil }), version < 6 { faults.append("MAP before 6") }
    for (one, next) in zip(entries, entries.dropFirst()) {
      if next.start < one.start, next.discontinuity == one.discontinuity {
        faults.append("time runs back at \(next.address)")
      }
      let hole = next.start - one.end
      if hole > .milliseconds(105), one.discontinuity == next.discontinuity {
        faults.append("a hole of \(hole) before \(next.address) is not told")
      }
      if one.map != nil, next.map == nil { faults.append("no map for \(next.address)") }
    }
  }

  /// What a later version of the same playlist must not have done (RFC 8216 §6.2.1, §6.2.2).
  public func breaches(by later: PlaylistReader) -> [String] {
    var breaches: [String] = []
    if later.target != target { breaches.append("the target changed") }
    if let one = entries.first, let next = later.entries.first {
      if next.number < one.number { breaches.append("the media sequence went back") }
      if next.discontinuity < one.discontinuity { breaches.append("the discontinuities went back") }
    }
    if let one = entries.last, let next = later.entries.last, next.number < one.number {
      breaches.append("the end went back")
    }
    var known: [Int64: Entry] = [:]
    for entry in later.entries { known[entry.number] = entry }
    for entry in entries {
      if let other = known[entry.number], other != entry {
        breaches.append("\(entry.number) was \(entry), is \(other)")
      }
    }
    if let top = later.entries.first, let mine = entries.last, top.number > mine.number + 1,
      entries.count > 0
    {
      breaches.append("entries were left out")
    }
    if type == "EVENT", entries.count > 0, later.entries.first != entries.first {
      breaches.append("an EVENT lost its beginning")
    }
    return breaches
  }
}
