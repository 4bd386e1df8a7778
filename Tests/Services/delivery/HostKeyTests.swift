import Base
import Testing

@testable import airloom_delivery

@Suite("A host key's fingerprint")
struct HostKeyTests {
  @Test("is written as ssh-keygen writes it")
  func written() {
    // The base64 of SHA-256("abc"), as `printf abc | openssl dgst -sha256 -binary | base64` has it.
    #expect(
      HostKey.fingerprint(ofHash: SHA256.hash(Array("abc".utf8)))
        == "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0")
  }

  @Test(
    "is taken with blanks and padding around it, and nothing else",
    arguments: [
      ("SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0", true),
      ("  SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n", true),
      ("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0", false),
      ("SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa", false),
      ("SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0", false),
      ("MD5:aa:bb", false), ("", false),
    ])
  func wellFormed(text: String, isWellFormed: Bool) {
    #expect(HostKey.isWellFormed(text) == isWellFormed)
  }
}
