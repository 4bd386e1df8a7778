internal import CXML
internal import Glibc

/// Turns a document's bytes, chunk by chunk, into UTF-8.
///
/// Never gives up: a byte that is no UTF-8 is taken for windows-1252, which is what it nearly always
/// is; what iconv cannot convert becomes U+FFFD.
struct DocumentDecoder {
  private static let prefixLength = 1024

  private let charset: String?
  private var prefix: [UInt8]? = []
  private var core: Core = .utf8
  private(set) var repaired = 0
  private(set) var unknownName: String?
  private(set) var encoding = CharacterEncoding.utf8
  /// A character that is not whole yet.
  private var rest: [UInt8] = []

  private enum Core {
    case utf8, windows1252
    case iconv(IconvDecoder)
  }

  /// `charset` is what the HTTP header says, nil where it says nothing.
  init(charset: String?) { self.charset = charset }

  mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    if prefix != nil {
      prefix?.append(contentsOf: bytes)
      guard let held = prefix, held.count >= Self.prefixLength else { return }
      begin(held, into: &output)
    } else {
      convert(bytes, into: &output)
    }
  }

  mutating func finish(into output: inout [UInt8]) {
    if let held = prefix { begin(held, into: &output) }
    // What is left of a character that never became whole.
    if case .utf8 = core { for byte in rest { append(repairing: byte, to: &output) } }
    rest = []
  }

  private mutating func begin(_ held: [UInt8], into output: inout [UInt8]) {
    prefix = nil
    let found = CharacterEncoding.detect(held, charset: charset)
    encoding = found.encoding
    unknownName = found.unknownName
    switch found.encoding {
    case .utf8: core = .utf8
    case .windows1252: core = .windows1252
    case .utf16(let isBigEndian): core = open(isBigEndian ? "UTF-16BE" : "UTF-16LE")
    case .other(let name): core = open(name)
    }
    held.withUnsafeBytes {
      convert(UnsafeRawBufferPointer(rebasing: $0.dropFirst(found.markBytes)), into: &output)
    }
  }

  private func open(_ name: String) -> Core {
    IconvDecoder(name).map { .iconv($0) } ?? .utf8
  }

  private mutating func convert(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    switch core {
    case .utf8: convertUTF8(bytes, into: &output)
    case .windows1252:
      for byte in bytes {
        if byte < 0x80 {
          output.append(byte)
        } else {
          UTF8Bytes.append(CharacterEncoding.windows1252Scalar(byte), to: &output)
        }
      }
    case .iconv(let decoder): repaired += decoder.convert(bytes, into: &output)
    }
  }

  private mutating func convertUTF8(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    var index = 0
    // Finishes the character that the last chunk broke off in.
    while !rest.isEmpty, index < bytes.count {
      rest.append(bytes[index])
      index += 1
      let held = rest
      switch held.withUnsafeBytes({ UTF8Bytes.length(at: 0, in: $0) }) {
      case .whole(let length):
        output.append(contentsOf: held[..<length])
        rest = []
        if held.count > length { index -= held.count - length }
      case .unfinished: continue
      case .wrong:
        append(repairing: held[0], to: &output)
        rest = []
        index -= held.count - 1
        // The rest of it came in the chunk before and has no place in this one.
        if index < 0 {
          let again = Array(held.dropFirst().prefix(-index))
          index = 0
          again.withUnsafeBytes { convertUTF8($0, into: &output) }
        }
      }
    }
    while index < bytes.count {
      let start = index
      while index < bytes.count, bytes[index] < 0x80 { index += 1 }
      if index > start {
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
      }
      guard index < bytes.count else { return }
      switch UTF8Bytes.length(at: index, in: bytes) {
      case .whole(let length):
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<index + length]))
        index += length
      case .unfinished:
        rest = Array(bytes[index...])
        return
      case .wrong:
        append(repairing: bytes[index], to: &output)
        index += 1
      }
    }
  }

  private mutating func append(repairing byte: UInt8, to output: inout [UInt8]) {
    repaired += 1
    UTF8Bytes.append(CharacterEncoding.windows1252Scalar(byte), to: &output)
  }
}

/// UTF-8's rules (Unicode 15, table 3-7).
enum UTF8Bytes {
  enum Found {
    case whole(Int)
    case unfinished
    case wrong
  }

  /// Of the character that begins there, which is not ASCII.
  static func length(at index: Int, in bytes: UnsafeRawBufferPointer) -> Found {
    let first = bytes[index]
    if first < 0x80 { return .whole(1) }
    let count: Int
    switch first {
    case 0xC2...0xDF: count = 2
    case 0xE0...0xEF: count = 3
    case 0xF0...0xF4: count = 4
    default: return .wrong
    }
    let second: ClosedRange<UInt8> =
      switch first {
      case 0xE0: 0xA0...0xBF
      case 0xED: 0x80...0x9F
      case 0xF0: 0x90...0xBF
      case 0xF4: 0x80...0x8F
      default: 0x80...0xBF
      }
    for offset in 1..<count {
      guard index + offset < bytes.count else { return .unfinished }
      let range = offset == 1 ? second : 0x80...0xBF
      if !range.contains(bytes[index + offset]) { return .wrong }
    }
    return .whole(count)
  }

  static func append(_ value: UInt32, to output: inout [UInt8]) {
    guard let scalar = Unicode.Scalar(value) else { return }
    output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }
}

/// One conversion to UTF-8 by iconv(3); ended with this object.
final class IconvDecoder {
  private let conversion: iconv_t
  private var rest: [UInt8] = []

  static func knows(_ name: String) -> Bool { IconvDecoder(name) != nil }

  init?(_ name: String) {
    guard let conversion = iconv_open("UTF-8", name), airloom_iconv_is_open(conversion) != 0 else {
      return nil
    }
    self.conversion = conversion
  }

  deinit { iconv_close(conversion) }

  /// How many bytes had to be replaced. What is not whole waits for the next call.
  func convert(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Int {
    var input = rest + bytes
    rest = []
    var replaced = 0
    var buffer = [UInt8](repeating: 0, count: 8192)
    var consumed = 0
    while consumed < input.count {
      let (result, code, used, made) = step(&input, from: consumed, &buffer)
      output.append(contentsOf: buffer[..<made])
      consumed += used
      if result != -1 { continue }
      switch code {
      case E2BIG: continue
      case EINVAL:
        rest = Array(input[consumed...])
        return replaced
      default:
        output.append(contentsOf: UTF8.encodedReplacementCharacter)
        consumed += 1
        replaced += 1
      }
    }
    return replaced
  }

  private func step(
    _ input: inout [UInt8], from start: Int, _ buffer: inout [UInt8]
  ) -> (Int, Int32, used: Int, made: Int) {
    input.withUnsafeMutableBytes { bytes in
      buffer.withUnsafeMutableBytes { room in
        var source = bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) }
        var sourceLeft = bytes.count - start
        var target = room.baseAddress?.assumingMemoryBound(to: CChar.self)
        var targetLeft = room.count
        let result = iconv(conversion, &source, &sourceLeft, &target, &targetLeft)
        let code = errno
        return (
          Int(bitPattern: UInt(result)), code, bytes.count - start - sourceLeft,
          room.count - targetLeft
        )
      }
    }
  }
}
