import Base
import CSodium
import Glibc
import Messages
import TestSupport
import Testing

@testable import airloom_delivery

/// Seals as the gateway does.
enum TestSealer {
  static func seal(_ secret: String, for publicKey: String) throws -> String {
    let key = try unwrap(Base64.bytes(publicKey))
    let clear = Array(secret.utf8)
    var sealed = [UInt8](repeating: 0, count: clear.count + Int(crypto_box_sealbytes()))
    guard crypto_box_seal(&sealed, clear, UInt64(clear.count), key) == 0 else {
      throw TestFailure("crypto_box_seal failed")
    }
    return Base64.text(sealed)
  }
}

@Suite("Secrets are sealed")
struct SealingTests {
  @Test("the key is made once, for its owner alone, and opens what was sealed for it")
  func key() throws {
    let folder = try TemporaryFolder()
    let key = try SealingKey.open(in: folder("keys"))
    let sealed = try TestSealer.seal("canary ü", for: key.publicKey)
    #expect(!sealed.contains("canary"))
    let again = try SealingKey.open(in: folder("keys"))
    #expect(again.publicKey == key.publicKey)
    #expect(again.open(sealed)?.bytes == Array("canary ü".utf8))
    var status = stat()
    #expect(stat(folder("keys/delivery.box"), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test("what was sealed for another, or is nothing sealed, does not open")
  func strangers() throws {
    let folder = try TemporaryFolder()
    let key = try SealingKey.open(in: folder("one"))
    let other = try SealingKey.open(in: folder("two"))
    let sealed = try TestSealer.seal("canary", for: other.publicKey)
    for text in [sealed, "", "AAAA", "canary", String(sealed.dropLast(4))] {
      #expect(key.open(text) == nil)
    }
  }

  @Test("a key file that is no key is kept, and said")
  func damaged() throws {
    let folder = try TemporaryFolder()
    try folder.file("keys/delivery.box", "nonsense")
    #expect(throws: DeliveryError.self) { try SealingKey.open(in: folder("keys")) }
    #expect(try folder.text("keys/delivery.box") == "nonsense")
  }

  @Test("Base64 goes both ways", arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
  func base64(_ text: String) {
    #expect(Base64.bytes(Base64.text(Array(text.utf8))) == Array(text.utf8))
    #expect(Base64.bytes("Zm9v\n") == nil && Base64.bytes("Zm9") == nil)
  }
}
