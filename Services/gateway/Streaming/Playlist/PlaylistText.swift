import Base

/// Writes playlists (RFC 8216). Built as bytes, because a week has 150,000 segments.
struct PlaylistText {
  private(set) var bytes: [UInt8] = []

  init(expected entries: Int = 0) { bytes.reserveCapacity(512 + entries * 160) }

  mutating func line(_ text: String) {
    bytes += text.utf8
    bytes.append(UInt8(ascii: "\n"))
  }

  /// `#EXTINF:4.023222,`
  mutating func duration(_ microseconds: Int64) {
    bytes += "#EXTINF:".utf8
    number(microseconds / 1_000_000, digits: 1)
    bytes.append(UInt8(ascii: "."))
    number(microseconds % 1_000_000, digits: 6)
    bytes += ",\n".utf8
  }

  /// `#EXT-X-PROGRAM-DATE-TIME:2026-11-21T19:00:00.250Z`; to the millisecond, as players read it.
  mutating func time(_ instant: Instant) {
    let day = instant.seconds / 86_400
    if day != knownDay.number {
      knownDay = (day, Array(instant.formatted().utf8.prefix(10)))
    }
    let second = instant.seconds % 86_400
    bytes += "#EXT-X-PROGRAM-DATE-TIME:".utf8
    bytes += knownDay.text
    bytes.append(UInt8(ascii: "T"))
    number(second / 3600, digits: 2)
    bytes.append(UInt8(ascii: ":"))
    number(second / 60 % 60, digits: 2)
    bytes.append(UInt8(ascii: ":"))
    number(second % 60, digits: 2)
    bytes.append(UInt8(ascii: "."))
    number(Int64(instant.microsecondsOfSecond / 1000), digits: 3)
    bytes += "Z\n".utf8
  }

  mutating func text(_ text: some Sequence<UInt8>) { bytes += text }

  mutating func number(_ value: Int64, digits: Int = 1) {
    var reversed: [UInt8] = []
    var rest = value
    while rest > 0 || reversed.count < digits {
      reversed.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    }
    bytes += reversed.reversed()
  }

  /// Most times of a playlist are of the same day.
  private var knownDay: (number: Int64, text: [UInt8]) = (.min, [])
}
