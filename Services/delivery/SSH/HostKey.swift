internal import Base

/// A server's public key as a person compares it: `SHA256:` and the base64 of the key's SHA-256
/// without padding, exactly as `ssh-keygen -l` prints it.
enum HostKey {
  /// The fingerprint of the 32 bytes of a SHA-256.
  static func fingerprint(ofHash hash: [UInt8]) -> String { "SHA256:" + base64(hash) }

  /// The text as it is compared: without surrounding blanks and without padding, so that what was
  /// pasted from another tool still matches.
  static func normalised(_ fingerprint: String) -> String {
    var text = fingerprint[...]
    while let last = text.last, last == "=" || last.isWhitespace { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    return String(text)
  }

  /// Whether the text can be a fingerprint at all: 43 base64 digits after `SHA256:`.
  static func isWellFormed(_ fingerprint: String) -> Bool {
    let text = normalised(fingerprint)
    guard text.hasPrefix("SHA256:") else { return false }
    let digits = text.dropFirst(7).utf8
    return digits.count == 43 && digits.allSatisfy(alphabet.contains)
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// RFC 4648 §4 without padding.
  private static func base64(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(alphabet[Int(bits >> UInt32(count) & 63)])
      }
    }
    if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
    return String(decoding: text, as: UTF8.self)
  }
}
