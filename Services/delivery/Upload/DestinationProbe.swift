internal import Base
internal import CSSH2

/// Tries a destination without delivering anything: host key, login, folder, and a small file that
/// is written, synced, read and removed there.
struct DestinationProbe {
  private let endpoint: SSHEndpoint
  private let timeouts: SSHTimeouts
  private let interruption: Interruption

  init(_ endpoint: SSHEndpoint, timeouts: SSHTimeouts, interruption: Interruption) {
    self.endpoint = endpoint
    self.timeouts = timeouts
    self.interruption = interruption
  }

  func run(folder: String, makesFolders: Bool) throws(DeliveryError) {
    let content = randomBytes(64)
    let hash = hexadecimal(SHA256.hash(content))
    let delivery = DeliveryID.random()
    guard
      let path = RemotePath(
        folder: folder, name: "airloom-probe", delivery: delivery, contentHash: hash)
    else {
      throw DeliveryError(.missingFolder, "“\(folder)” cannot be a folder's path: change it.")
    }
    let ssh = try SSHSession.open(endpoint, timeouts: timeouts, interruption: interruption)
    let far = try FarEnd(
      SFTPSession(over: ssh), path: path, size: Int64(content.count), hash: hash)
    try far.prepareFolder(makes: makesFolders)
    try write(content, to: far)
    let isRight = try far.isWhole(path.partial)
    try far.sftp.remove(path.partial)
    guard isRight else {
      throw DeliveryError(
        .verification,
        "A small file written to \(endpoint.address) came back changed: check that server's disk.")
    }
  }

  private func write(_ content: [UInt8], to far: FarEnd) throws(DeliveryError) {
    let file = try far.openPartial(at: 0)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
    defer { bytes.deallocate() }
    bytes.copyBytes(from: content)
    do throws(DeliveryError) {
      // So few bytes are acknowledged as one.
      _ = try file.write(UnsafeRawBufferPointer(bytes))
    } catch {
      throw far.explained(error, missing: Int64(content.count))
    }
    _ = try file.sync()
    try file.close()
  }
}
