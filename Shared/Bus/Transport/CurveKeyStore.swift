public import Base
internal import Glibc

/// The CURVE keys in a node's `keys` folder: its own pair in `<node>.curve.secret` (0600) and
/// `<node>.curve.public`, and in `curve.authorized` the public keys of all nodes that it knows.
///
/// Each node has a pair of its own, for the key is what proves the node id; several nodes may share
/// the folder. Assumes that one process at a time uses a node's files (the single instance lock).
public struct CurveKeyStore: Sendable {
  public let folder: String
  public let node: NodeID

  public init(folder: String, node: NodeID) {
    self.folder = folder
    self.node = node
  }

  public var secretPath: String { "\(folder)/\(node).curve.secret" }
  public var publicPath: String { "\(folder)/\(node).curve.public" }
  public var authorizedPath: String { "\(folder)/curve.authorized" }

  /// The node's pair, made at the first call. Blocks for the disk.
  ///
  /// The secret is written first and the public file is made from it: killed between the two, the
  /// next start finds the same pair and writes the public file again.
  public func identity() throws(TransportError) -> CurveIdentity {
    do throws(SystemError) {
      try Syscall.makeFolders(folder, mode: 0o750)
    } catch { throw CurveKeyStore.unusable(error) }
    let identity: CurveIdentity
    if access(secretPath, F_OK) == 0 {
      identity = try readSecret()
    } else {
      identity = try CurveIdentity.generate()
      try write(identity.secretText, to: secretPath, mode: 0o600)
    }
    if (try? read(publicPath)) != identity.publicKey.text {
      try write(identity.publicKey.text, to: publicPath, mode: 0o644)
    }
    return identity
  }

  /// Who is authorized: one `<node id> <public key>` per line; lines that begin with `#` and empty
  /// ones are skipped. No file: nobody.
  public func authorized() throws(TransportError) -> KeyRing {
    guard access(authorizedPath, F_OK) == 0 else { return KeyRing() }
    var keys: [NodeID: CurvePublicKey] = [:]
    let lines = try read(authorizedPath).split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      guard words.count == 2, let node = NodeID(first), let key = CurvePublicKey(words[1]) else {
        throw TransportError(
          .keys,
          "Line \(index + 1) of \(authorizedPath) is not '<node id> <public key of 40 characters>'."
        )
      }
      guard keys.updateValue(key, forKey: node) == nil else {
        throw TransportError(
          .keys, "Line \(index + 1) of \(authorizedPath) lists \(node) again: keep one key for it.")
      }
    }
    return try KeyRing(keys)
  }

  private func readSecret() throws(TransportError) -> CurveIdentity {
    var status = stat()
    if stat(secretPath, &status) == 0, status.st_mode & 0o077 != 0 {
      throw TransportError(
        .keys, "Others may read the secret key \(secretPath): chmod 0600 it, or make a new one.")
    }
    guard let identity = CurveIdentity(secret: try read(secretPath)) else {
      throw TransportError(
        .keys,
        "\(secretPath) does not hold a secret key: restore it, or delete it to have a new one made."
      )
    }
    return identity
  }

  private func read(_ path: String) throws(TransportError) -> String {
    do throws(SystemError) {
      var text = String(decoding: try DurableFile.read(path), as: UTF8.self)
      while text.last?.isNewline == true { text.removeLast() }
      return text
    } catch { throw CurveKeyStore.unusable(error) }
  }

  private func write(_ text: String, to path: String, mode: mode_t) throws(TransportError) {
    do throws(SystemError) {
      try DurableFile.write(Array((text + "\n").utf8), to: path, mode: mode)
    } catch { throw CurveKeyStore.unusable(error) }
  }

  private static func unusable(_ error: SystemError) -> TransportError {
    TransportError(.keys, "The bus keys cannot be read or written: \(error).")
  }
}
