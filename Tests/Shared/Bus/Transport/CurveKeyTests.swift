import Base
import Glibc
import Testing

@testable import Bus

@Suite("CURVE keys and their files")
struct CurveKeyTests {
  let folder = "/tmp/airloom-keys-\(hexadecimal(randomBytes(6)))"

  private func store(_ node: NodeID = .scheduler) -> CurveKeyStore {
    CurveKeyStore(folder: folder, node: node)
  }

  private func remove() {
    for name in ["scheduler", "recorder-1"] {
      unlink("\(folder)/\(name).curve.secret")
      unlink("\(folder)/\(name).curve.public")
    }
    unlink("\(folder)/curve.authorized")
    rmdir(folder)
  }

  @Test("A pair is made once, kept safely, and its public file comes back when it is lost")
  func identity() throws {
    defer { remove() }
    let first = try store().identity()
    var status = stat()
    #expect(stat(store().secretPath, &status) == 0 && status.st_mode & 0o777 == 0o600)
    // As after kill -9 between the two files.
    unlink(store().publicPath)
    let second = try store().identity()
    #expect(first.publicKey == second.publicKey && first.secretText == second.secretText)
    let published = String(decoding: try DurableFile.read(store().publicPath), as: UTF8.self)
    #expect(published == first.publicKey.text + "\n")
    #expect(try store(.recorder1).identity().publicKey != first.publicKey)
  }

  @Test("A secret that others may read, or that is none, is refused")
  func unsafeSecret() throws {
    defer { remove() }
    _ = try store().identity()
    chmod(store().secretPath, 0o640)
    #expect(throws: TransportError.self) { try store().identity() }
    try DurableFile.write(Array("nonsense".utf8), to: store().secretPath, mode: 0o600)
    #expect(throws: TransportError.self) { try store().identity() }
  }

  @Test("No secret appears in a description or a dump")
  func secrecy() throws {
    let identity = try CurveIdentity.generate()
    var dumped = ""
    dump(identity, to: &dumped)
    for text in ["\(identity)", String(reflecting: identity), dumped] {
      #expect(!text.contains(identity.secretText))
      #expect(text.contains(identity.publicKey.text))
    }
  }

  @Test("The list of authorized nodes is read, with comments and empty lines")
  func authorized() throws {
    defer { remove() }
    #expect(try store().authorized() == KeyRing())
    let key = try store().identity().publicKey
    try write("# who may come in\n\nrecorder-1   \(key)\n")
    #expect(try store().authorized().key(of: .recorder1) == key)
    #expect(try store().authorized().owner(of: key) == .recorder1)
  }

  @Test("A wrong list is refused as a whole, with the line")
  func wrongList() throws {
    defer { remove() }
    let key = try store().identity().publicKey
    let other = try store(.recorder1).identity().publicKey
    let lists = [
      "recorder-1", "recorder-1 short", "Recorder \(key)", "recorder-1 \(key) more",
      "recorder-1 \(key)\nrecorder-1 \(other)", "recorder-1 \(key)\nrecorder-2 \(key)",
    ]
    for list in lists {
      try write(list)
      let error = #expect(throws: TransportError.self) { try store().authorized() }
      #expect(error?.kind == .keys)
    }
  }

  @Test(
    "Only 40 characters of Z85 are a key",
    arguments: [
      "", String(repeating: "a", count: 39), String(repeating: "a", count: 41),
      String(repeating: " ", count: 40), String(repeating: "~", count: 40),
      String(repeating: "é", count: 20), String(repeating: "#", count: 40),
    ])
  func notAKey(text: String) {
    #expect(CurvePublicKey(text) == nil)
  }

  private func write(_ text: String) throws {
    try DurableFile.write(Array(text.utf8), to: store().authorizedPath)
  }
}
