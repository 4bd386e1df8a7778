internal import CCrypto

/// Base64 with padding (RFC 4648 §4), by libcrypto.
public enum Base64 {
  public static func text(_ bytes: some Collection<UInt8>) -> String {
    var output = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    let length = EVP_EncodeBlock(&output, Array(bytes), Int32(clamping: bytes.count))
    return String(decoding: output.prefix(Int(length)), as: UTF8.self)
  }

  /// nil where the text is not Base64; blanks are not allowed.
  public static func bytes(_ text: String) -> [UInt8]? {
    let input = Array(text.utf8)
    let padding = input.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard !input.isEmpty else { return [] }
    guard input.count % 4 == 0, padding <= 2, input.allSatisfy({ $0 > 0x20 }) else { return nil }
    var output = [UInt8](repeating: 0, count: input.count / 4 * 3)
    let length = EVP_DecodeBlock(&output, input, Int32(clamping: input.count))
    guard length == output.count else { return nil }
    return Array(output.dropLast(padding))
  }
}
