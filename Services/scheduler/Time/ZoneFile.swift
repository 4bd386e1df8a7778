/// A compiled time zone file (TZif, RFC 9636; versions 1 to 4) as far as clocks need it: when the
/// offset from UTC changes, and the rule that goes on after the last change in the file.
///
/// Abbreviations and daylight-saving flags are not kept: they name times, they do not move them.
/// Files that count leap seconds (`right/…`) are refused, since instants here are POSIX time.
struct ZoneFile: Hashable, Sendable {
  struct Change: Hashable, Sendable {
    /// POSIX time in seconds.
    var at: Int64
    /// Seconds east of Greenwich from then on.
    var offset: Int
  }

  /// The offset before the first change.
  private(set) var firstOffset = 0
  /// In order of time; each really changes the offset.
  private(set) var changes: [Change] = []
  /// What holds after the last change; nil: the last offset, for ever.
  private(set) var footer: PosixZoneRule?

  /// A zone that never changes.
  init(fixedOffset: Int) { firstOffset = fixedOffset }

  /// Reads a whole file's bytes; `subject` names the zone in errors.
  init(_ bytes: [UInt8], subject: String) throws(TimeZoneError) {
    var reader = ByteReader(bytes)
    guard var header = reader.header() else { throw Self.damaged(subject, "has no TZif header") }
    var timeSize = 4
    if header.version != 0 {
      // The first block is for readers of version 1 only; the second has 64-bit times (§3.2).
      guard reader.skip(header.blockSize(timeSize: 4)), let second = reader.header() else {
        throw Self.damaged(subject, "ends within its first data block")
      }
      header = second
      timeSize = 8
    }
    guard header.leapCount == 0 else {
      throw Self.damaged(subject, "counts leap seconds; choose the zone without 'right/'")
    }
    guard let block = reader.take(header.blockSize(timeSize: timeSize)) else {
      throw Self.damaged(subject, "ends within its data block")
    }
    try read(block, header, timeSize: timeSize, subject: subject)
    if timeSize == 8 { footer = try Self.footer(&reader, subject) }
    if header.timeCount == 0, let footer {
      // "If there are no transitions, local time for all timestamps is specified by the TZ string
      // in the footer" (§3.3); what it names outside daylight-saving time comes first.
      firstOffset = footer.standardOffset
    }
  }

  private mutating func read(
    _ block: ArraySlice<UInt8>, _ header: Header, timeSize: Int, subject: String
  ) throws(TimeZoneError) {
    guard header.typeCount > 0 else { throw Self.damaged(subject, "has no local time type") }
    let indices = block.startIndex + header.timeCount * timeSize
    let types = indices + header.timeCount
    var offsets: [Int] = []
    for type in 0..<header.typeCount {
      let offset = Int(ByteReader.integer(block[(types + type * 6)...], 4))
      // RFC 9636 §3.2 allows any 32-bit value but says that readers may limit it to about a day.
      guard abs(offset) < 26 * 3600 else {
        throw Self.damaged(subject, "has an offset of \(offset) s")
      }
      offsets.append(offset)
    }
    firstOffset = offsets[0]
    var current = firstOffset
    var previous = Int64.min
    for index in 0..<header.timeCount {
      let at = ByteReader.integer(block[(block.startIndex + index * timeSize)...], timeSize)
      let type = Int(block[indices + index])
      guard at > previous, type < header.typeCount else {
        throw Self.damaged(subject, "has transitions out of order or of no type")
      }
      previous = at
      if offsets[type] != current { changes.append(Change(at: at, offset: offsets[type])) }
      current = offsets[type]
    }
  }

  private static func footer(
    _ reader: inout ByteReader, _ subject: String
  ) throws(TimeZoneError) -> PosixZoneRule? {
    guard let text = reader.footer() else { throw damaged(subject, "has no footer") }
    if text.isEmpty { return nil }
    guard let rule = PosixZoneRule(text) else {
      throw damaged(subject, "has a footer that is no POSIX time zone: '\(text.prefix(60))'")
    }
    return rule
  }

  private static func damaged(_ subject: String, _ what: String) -> TimeZoneError {
    TimeZoneError(
      kind: .damaged, description: "The file of time zone \(subject) cannot be used: it \(what).")
  }
}

private struct Header {
  var version: UInt8
  var utcCount: Int
  var standardCount: Int
  var leapCount: Int
  var timeCount: Int
  var typeCount: Int
  var characterCount: Int

  func blockSize(timeSize: Int) -> Int {
    timeCount * (timeSize + 1) + typeCount * 6 + characterCount + leapCount * (timeSize + 4)
      + standardCount + utcCount
  }
}

private struct ByteReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  mutating func skip(_ count: Int) -> Bool { take(count) != nil }

  /// Magic, version, 15 unused bytes, six counts (§3.1).
  mutating func header() -> Header? {
    guard let bytes = take(44), bytes.prefix(4).elementsEqual("TZif".utf8) else { return nil }
    let counts = (0..<6).map { Int(ByteReader.integer(bytes.dropFirst(20 + $0 * 4), 4)) }
    // A real zone has a few hundred of each; the limit keeps the products small.
    guard counts.allSatisfy({ (0...65_536).contains($0) }) else { return nil }
    return Header(
      version: bytes[bytes.startIndex + 4], utcCount: counts[0], standardCount: counts[1],
      leapCount: counts[2], timeCount: counts[3], typeCount: counts[4], characterCount: counts[5])
  }

  /// The text between two newlines; nil when it is not there.
  mutating func footer() -> String? {
    let newline = UInt8(ascii: "\n")
    guard rest.first == newline, let end = rest.dropFirst().firstIndex(of: newline) else {
      return nil
    }
    return String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
  }

  /// A big-endian two's complement number of four or eight bytes.
  static func integer(_ bytes: ArraySlice<UInt8>, _ size: Int) -> Int64 {
    var value: Int64 = bytes.first.map { $0 >= 0x80 ? -1 : 0 } ?? 0
    for byte in bytes.prefix(size) { value = value << 8 | Int64(byte) }
    return value
  }
}
