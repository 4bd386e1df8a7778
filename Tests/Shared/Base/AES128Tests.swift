import Base
import Testing

struct AES128Tests {
  /// NIST SP 800-38A, F.2.1, with a block of padding behind it.
  @Test func `A known text opens, and only with its key`() {
    func bytes(_ text: String) -> [UInt8] {
      stride(from: 0, to: text.count, by: 2).compactMap { index in
        let start = text.index(text.startIndex, offsetBy: index)
        return UInt8(text[start...].prefix(2), radix: 16)
      }
    }
    let key = bytes("2b7e151628aed2a6abf7158809cf4f3c")
    let iv = bytes("000102030405060708090a0b0c0d0e0f")
    let text = bytes("7649abac8119b246cee98e9b12e9197d8964e0b149c10b7b682e6e39aaeb731c")
    // openssl enc -aes-128-cbc of the first block alone.
    let plain = bytes("6bc1bee22e409f96e93d7e117393172a")
    #expect(AES128.decryptCBC(text, key: key, iv: iv) == plain)
    #expect(AES128.decryptCBC(text, key: iv, iv: key) == nil)
    #expect(AES128.decryptCBC(Array(text.dropLast()), key: key, iv: iv) == nil)
    #expect(AES128.decryptCBC([], key: key, iv: iv) == nil)
  }
}
