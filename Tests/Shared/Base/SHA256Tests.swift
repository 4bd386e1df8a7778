import Base
import TestSupport
import Testing

/// Known answers of FIPS 180-4 and NIST's examples.
@Suite struct SHA256Tests {
  static let answers: [(String, Int, String)] = [
    ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ]

  @Test("Known answers, at once and in pieces", arguments: answers)
  func knownAnswers(text: String, times: Int, answer: String) {
    let bytes = Array(String(repeating: text, count: times).utf8)
    #expect(hexadecimal(SHA256.hash(bytes)) == answer)
    let hasher = SHA256()
    for start in stride(from: 0, to: bytes.count, by: 997) {
      hasher.update(Array(bytes[start..<min(start + 997, bytes.count)]))
    }
    #expect(hexadecimal(hasher.finish()) == answer)
  }

  @Test("A file's hash and size", arguments: answers)
  func ofFile(text: String, times: Int, answer: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("a", String(repeating: text, count: times))
    let result = try SHA256.hash(fileAt: path)
    #expect(result.hexadecimal == answer)
    #expect(result.size == Int64(text.utf8.count * times))
  }

  @Test("A folder or a missing file is an error, not an empty hash")
  func noFile() throws {
    let folder = try TemporaryFolder()
    #expect(throws: SystemError.self) { try SHA256.hash(fileAt: folder("none")) }
    #expect(throws: SystemError.self) { try SHA256.hash(fileAt: folder.path) }
  }
}
