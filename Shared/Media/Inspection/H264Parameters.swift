/// What an H.264 sequence parameter set says of a picture (ITU-T H.264 §7.3.2.1).
struct H264Parameters: Hashable {
  /// RFC 6381, such as `avc1.64001f`.
  let codec: String
  let height: Int?

  /// Whether the first unit that carries anything is one from which decoding can begin.
  static func isAtStart(of stream: [UInt8]) -> Bool {
    for (type, _) in units(stream) {
      switch type {
      case 5, 7, 8: return true
      case 1, 2, 3, 4: return false
      default: continue
      }
    }
    return false
  }

  /// The first parameter set in a stream of units with start codes.
  init?(in stream: [UInt8]) {
    for (type, start) in H264Parameters.units(stream) where type == 7 {
      self.init(unit: stream[start...].prefix(512))
      return
    }
    return nil
  }

  /// Types of the units and where they begin.
  private static func units(_ stream: [UInt8]) -> [(type: UInt8, start: Int)] {
    var units: [(UInt8, Int)] = []
    var index = 0
    while index + 3 < stream.count, units.count < 64 {
      if stream[index] == 0, stream[index + 1] == 0, stream[index + 2] == 1 {
        units.append((stream[index + 3] & 0x1F, index + 3))
        index += 3
      } else {
        index += 1
      }
    }
    return units
  }

  private init?(unit: ArraySlice<UInt8>) {
    var bits = BitReader(H264Parameters.withoutEscapes(unit.dropFirst()))
    guard let profile = bits.read(8), let constraints = bits.read(8), let level = bits.read(8)
    else { return nil }
    codec = "avc1." + [profile, constraints, level].map { H264Parameters.hex($0) }.joined()
    height = H264Parameters.height(&bits, profile: profile)
  }

  private static func hex(_ value: Int) -> String {
    let text = String(value, radix: 16)
    return text.count < 2 ? "0" + text : text
  }

  /// `00 00 03` stands for `00 00`.
  private static func withoutEscapes(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var zeros = 0
    for byte in bytes {
      if zeros >= 2, byte == 3 {
        zeros = 0
        continue
      }
      zeros = byte == 0 ? zeros + 1 : 0
      result.append(byte)
    }
    return result
  }

  private static func height(_ bits: inout BitReader, profile: Int) -> Int? {
    var chroma = 1
    guard bits.exponential() != nil else { return nil }
    if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) {
      guard let format = bits.exponential() else { return nil }
      chroma = format
      if format == 3 { _ = bits.read(1) }
      guard bits.exponential() != nil, bits.exponential() != nil, bits.read(1) != nil,
        let hasMatrix = bits.read(1), hasMatrix == 0
      else { return nil }
    }
    guard bits.exponential() != nil, let order = bits.exponential() else { return nil }
    if order == 0 {
      _ = bits.exponential()
    } else if order == 1 {
      _ = bits.read(1)
      _ = bits.exponential()
      _ = bits.exponential()
      guard let count = bits.exponential(), count < 256 else { return nil }
      for _ in 0..<count { _ = bits.exponential() }
    }
    guard bits.exponential() != nil, bits.read(1) != nil, bits.exponential() != nil,
      let rows = bits.exponential(), rows < 4096, let isProgressive = bits.read(1)
    else { return nil }
    if isProgressive == 0 { _ = bits.read(1) }
    var height = (2 - isProgressive) * (rows + 1) * 16
    guard bits.read(1) != nil, let isCropped = bits.read(1) else { return height }
    if isCropped == 1, bits.exponential() != nil, bits.exponential() != nil,
      let top = bits.exponential(), let bottom = bits.exponential(), top < 4096, bottom < 4096
    {
      height -= (top + bottom) * (chroma == 1 ? 2 : 1) * (2 - isProgressive)
    }
    return height > 0 ? height : nil
  }
}

/// Reads bits from the most significant one on; nil behind the end.
struct BitReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func read(_ count: Int) -> Int? {
    guard count <= 32, position + count <= bytes.count * 8 else { return nil }
    var value = 0
    for _ in 0..<count {
      value = value << 1 | Int(bytes[position / 8] >> (7 - UInt8(position % 8)) & 1)
      position += 1
    }
    return value
  }

  /// An unsigned number in Exp-Golomb code.
  mutating func exponential() -> Int? {
    var zeros = 0
    while let bit = read(1) {
      if bit == 1 { return read(zeros).map { (1 << zeros) - 1 + $0 } }
      zeros += 1
      if zeros > 31 { return nil }
    }
    return nil
  }
}
