internal import Base
internal import Glibc
internal import Subprocess

/// The key pair that this installation shows to every server: Ed25519, without a passphrase, since
/// nobody is there to type one at night. The private key never leaves `folder`; the public line is
/// what a person puts into `authorized_keys`.
struct SSHIdentity: Hashable, Sendable {
  let privateKeyPath: String
  /// One line, as in `id_ed25519.pub`.
  let publicKey: String

  /// Reads the pair, or makes it at the first start.
  ///
  /// The private key's name is what makes a pair exist: it is renamed last, so a crash before leaves
  /// at most a stray public key, which the next start replaces. Where only the private key is there
  /// (a restored backup), the public line is computed from it; it is never made anew, because
  /// servers already know it.
  static func open(in folder: String) async throws(DeliveryError) -> SSHIdentity {
    do {
      let path = privateKeyPath(in: folder)
      try Syscall.makeFolders(folder, mode: 0o700)
      if access(path, F_OK) != 0 { try await make(path) }
      if access(path + ".pub", F_OK) != 0 { try await derive(path) }
      let line = String(decoding: try DurableFile.read(path + ".pub"), as: UTF8.self)
        .prefix { $0 != "\n" }
      guard !line.isEmpty else { throw unusable(folder, "the public key is empty") }
      return SSHIdentity(privateKeyPath: path, publicKey: String(line))
    } catch let error as DeliveryError {
      throw error
    } catch {
      throw unusable(folder, "\(error)")
    }
  }

  static func privateKeyPath(in folder: String) -> String { folder + "/id_ed25519" }

  private static func make(_ path: String) async throws {
    let temporary = path + ".new"
    // What an earlier start left in the middle; ssh-keygen would ask whether to overwrite it.
    for leftover in [temporary, temporary + ".pub"] { unlink(leftover) }
    _ = try await keygen(["-q", "-t", "ed25519", "-N", "", "-C", "airloom", "-f", temporary])
    try sync(temporary)
    try sync(temporary + ".pub")
    try DurableFile.moveInPlace(temporary + ".pub", to: path + ".pub")
    try DurableFile.moveInPlace(temporary, to: path)
  }

  private static func derive(_ path: String) async throws {
    let line = try await keygen(["-y", "-f", path])
    try DurableFile.write(Array(line.utf8), to: path + ".pub", mode: 0o644)
  }

  private static func keygen(_ arguments: [String]) async throws -> String {
    let run = try await ChildProcess.run(
      ChildCommand("ssh-keygen", arguments), timeout: .seconds(30))
    guard run.exit.isSuccess else {
      throw DeliveryError(
        .identity, "ssh-keygen failed (\(run.errorText.prefix(200))): check the keys folder.")
    }
    return run.text
  }

  private static func sync(_ path: String) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) { Glibc.open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    try Syscall.check("fsync", path) { fsync(descriptor) }
  }

  private static func unusable(_ folder: String, _ reason: String) -> DeliveryError {
    DeliveryError(
      .identity,
      "The SSH key pair in \(folder) cannot be made or read (\(reason)): check that folder's rights, "
        + "and that openssh-client is installed.")
  }
}
