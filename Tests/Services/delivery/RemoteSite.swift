import Base
import Glibc
import Synchronization
import TestSupport

@testable import airloom_delivery

/// A destination as an upload meets it: a real OpenSSH server with an empty folder, our key pair,
/// and a local file to send.
struct RemoteSite: Sendable {
  let server: OpenSSHServer
  let files: TemporaryFolder
  let key: String
  let uploader: SFTPUploader

  static func start(
    hostKeyType: String = "ed25519", extraLines: [String] = [],
    timeouts: SSHTimeouts = SSHTimeouts()
  ) async throws -> RemoteSite {
    let files = try TemporaryFolder()
    let key = files("id_ed25519")
    let publicKey = try await OpenSSHServer.makeKey(at: key)
    let server = try await OpenSSHServer.start(
      authorizedKey: publicKey, hostKeyType: hostKeyType, extraLines: extraLines)
    return RemoteSite(
      server: server, files: files, key: key,
      uploader: SFTPUploader(named: "test-upload", timeouts: timeouts))
  }

  func endpoint(through port: UInt16? = nil) -> SSHEndpoint {
    SSHEndpoint(
      host: "127.0.0.1", port: Int(port ?? server.port), user: server.user,
      hostKey: server.hostFingerprint, privateKeyPath: key)
  }

  /// Bytes that no two places of the file share, so that a misplaced block is seen.
  static func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SplitMix64(seed: seed)
    // Whole words into raw memory: tests run unoptimised, and on two threads.
    return [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, used in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      for offset in stride(from: 0, to: count, by: 8) {
        raw.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
      }
      used = count
    }
  }

  /// Writes the local file and describes its upload.
  func upload(
    _ bytes: [UInt8], as name: String = "show.mp3", id: String = "delivery-1"
  ) throws -> Upload {
    let source = try files.file("source-\(id)", bytes)
    return Upload(
      delivery: try unwrap(DeliveryID(id)), source: source,
      expectedHash: hexadecimal(SHA256.hash(bytes)), folder: server.folder, name: name)
  }

  func run(
    _ upload: Upload, to endpoint: SSHEndpoint? = nil, interruption: Interruption? = nil,
    report: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) async throws -> Receipt {
    try await uploader.run(
      upload, to: endpoint ?? self.endpoint(), interruption: try interruption ?? Interruption(),
      report: report)
  }

  /// The kind that the upload fails with.
  func failure(
    _ upload: Upload, to endpoint: SSHEndpoint? = nil, interruption: Interruption? = nil,
    report: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) async throws -> DeliveryError {
    do {
      let receipt = try await run(
        upload, to: endpoint, interruption: interruption, report: report)
      throw TestFailure("the upload succeeded: \(receipt)")
    } catch let error as DeliveryError {
      return error
    }
  }

  /// Everything in the remote folder, hidden files included.
  var names: [String] { TemporaryFolder.names(in: server.folder) }

  func remote(_ name: String) throws -> [UInt8] {
    try DurableFile.read("\(server.folder)/\(name)")
  }

  /// Puts a file there as the server's user would.
  func place(_ bytes: [UInt8], as name: String) throws {
    let path = "\(server.folder)/\(name)"
    try DurableFile.write(bytes, to: path, mode: 0o644)
    try Syscall.check("chmod", path) { chmod(path, 0o666) }
  }

  /// What the upload calls its partial file.
  func partialName(_ upload: Upload, _ bytes: [UInt8]) throws -> String {
    let path = RemotePath(
      folder: upload.folder, name: upload.name, delivery: upload.delivery,
      contentHash: hexadecimal(SHA256.hash(bytes)))
    return String(try unwrap(path).partial.dropFirst(server.folder.count + 1))
  }
}

/// A value that another thread may set.
final class Box<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func get() -> Value { value.withLock { $0 } }

  func set(_ new: Value) { value.withLock { $0 = new } }
}

/// The value, or an error in place of a crash.
func unwrap<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw TestFailure("a value that the test needs is nil") }
  return value
}
