internal import Base

/// The attribute list of a tag: `NAME=value,NAME="quoted"` (RFC 8216 §4.2). Of a name that stands
/// twice the first counts; what is no attribute is skipped.
struct HLSAttributes {
  private var values: [String: (text: String, isQuoted: Bool)] = [:]

  /// `expand` replaces variables in quoted values.
  init(_ text: ArraySlice<UInt8>, expand: (String) -> String) {
    var rest = text
    while !rest.isEmpty {
      rest = rest.drop { $0 == 0x20 || $0 == 0x2C }
      let name = rest.prefix { $0 != 0x3D && $0 != 0x2C }
      rest = rest.dropFirst(name.count)
      guard rest.first == 0x3D else { continue }
      rest = rest.dropFirst()
      let isQuoted = rest.first == 0x22
      let value: ArraySlice<UInt8>
      if isQuoted {
        value = rest.dropFirst().prefix { $0 != 0x22 }
        rest = rest.dropFirst(value.count + 2)
      } else {
        value = rest.prefix { $0 != 0x2C }
        rest = rest.dropFirst(value.count)
      }
      let key = String(decoding: name, as: UTF8.self).filter { $0 != " " }
      let text = String(decoding: value, as: UTF8.self)
      if values[key] == nil { values[key] = (isQuoted ? expand(text) : text, isQuoted) }
    }
  }

  /// Quoted or not: servers confuse the two.
  func text(_ name: String) -> String? { values[name]?.text }

  func integer(_ name: String) -> Int? {
    values[name].flatMap { HLSNumber.integer(Array($0.text.utf8)[...]) }.map { Int($0) }
  }

  func isYes(_ name: String) -> Bool { values[name]?.text == "YES" }

  /// `1280x720`
  func resolution(_ name: String) -> (width: Int, height: Int)? {
    let parts = (values[name]?.text ?? "").split { $0 == "x" || $0 == "X" }
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
      (0...100_000).contains(width), (0...100_000).contains(height)
    else { return nil }
    return (width, height)
  }

  /// `0x…`, at most 16 bytes; shorter ones are filled with zeros in front.
  func bytes(_ name: String) -> [UInt8]? {
    guard let text = values[name]?.text, text.hasPrefix("0x") || text.hasPrefix("0X") else {
      return nil
    }
    let digits = text.dropFirst(2)
    guard digits.utf8.count <= 32, !digits.isEmpty else { return nil }
    let padded = String(repeating: "0", count: 32 - digits.utf8.count) + digits
    var bytes: [UInt8] = []
    var rest = padded[...]
    while !rest.isEmpty {
      guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}

/// Numbers as playlists write them.
enum HLSNumber {
  /// So large that no stream gets there, so small that sums of a playlist do not overflow.
  static let largest: Int64 = 1 << 53

  /// A whole number without a sign; nil for anything else.
  static func integer(_ text: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    guard !text.isEmpty else { return nil }
    for byte in text {
      guard (48...57).contains(byte), value <= largest / 10 else { return nil }
      value = value * 10 + Int64(byte - 48)
    }
    return value
  }

  /// Seconds with or without a fraction (cut to the microsecond), at most a day; nil for what is no
  /// number, also for a negative one unless it is allowed.
  static func seconds(_ text: ArraySlice<UInt8>, allowsMinus: Bool = false) -> Duration? {
    var rest = text
    let isNegative = allowsMinus && rest.first == 0x2D
    if isNegative { rest = rest.dropFirst() }
    let whole = rest.prefix { (48...57).contains($0) }
    rest = rest.dropFirst(whole.count)
    var micros: Int64 = 0
    var digits = whole.count
    if rest.first == 0x2E {
      let fraction = rest.dropFirst().prefix { (48...57).contains($0) }
      rest = rest.dropFirst(fraction.count + 1)
      digits += fraction.count
      var scale: Int64 = 100_000
      for digit in fraction.prefix(6) {
        micros += Int64(digit - 48) * scale
        scale /= 10
      }
    }
    guard rest.isEmpty, digits > 0, let seconds = whole.isEmpty ? 0 : integer(whole),
      seconds <= 86_400
    else { return nil }
    let value = Duration.microseconds(seconds * 1_000_000 + micros)
    return isNegative ? .zero - value : value
  }

  /// RFC 3339, and as FFmpeg writes it: an offset without a colon, or none at all (then UTC).
  static func date(_ text: String) -> Instant? {
    if let instant = Instant(text) { return instant }
    if let instant = Instant(text + "Z") { return instant }
    let sign = text.dropLast(4).last
    guard sign == "+" || sign == "-" else { return nil }
    return Instant(text.dropLast(2) + ":" + text.suffix(2))
  }
}
