import Base

/// Random values that prove who somebody is. Only their hashes are stored: whoever reads the
/// database cannot log in with it.
enum Secret {
  /// 256 random bits as hexadecimal digits.
  static func make(prefix: String = "") -> String { prefix + hexadecimal(randomBytes(32)) }

  /// A plain hash will do, because there is nothing to guess in 256 random bits.
  static func hash(_ secret: String) -> [UInt8] { SHA256.hash(secret.utf8) }

  /// Something that a person can copy from a screen: 100 bits in letters that are not mistaken for
  /// one another.
  static func makePassword() -> String {
    let letters = Array("abcdefghjkmnpqrstuvwxyz23456789-".utf8.dropLast())
    // 31 letters: a byte is taken only below the largest multiple, so that all are as likely.
    var picked: [UInt8] = []
    while picked.count < 20 {
      for byte in randomBytes(32) where byte < 248 && picked.count < 20 {
        picked.append(letters[Int(byte) % letters.count])
      }
    }
    let groups = stride(from: 0, to: 20, by: 5).map {
      String(decoding: picked[$0..<$0 + 5], as: UTF8.self)
    }
    return groups.joined(separator: "-")
  }
}
