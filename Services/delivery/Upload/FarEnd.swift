internal import Base
internal import CSSH2

/// What one upload asks of the remote folder: look, make, choose a name, open, rename, confirm.
final class FarEnd {
  enum NameChoice: Hashable {
    case free(String)
    /// The very file lies there.
    case alreadyThere(String)
  }

  let sftp: SFTPSession
  let path: RemotePath
  /// Of the file as it must arrive, in bytes.
  let size: Int64
  /// Of the file as it must arrive.
  let hash: String
  private let hasher: RemoteHasher
  private var address: String { sftp.ssh.endpoint.address }

  init(_ sftp: SFTPSession, path: RemotePath, size: Int64, hash: String) {
    self.sftp = sftp
    self.path = path
    self.size = size
    self.hash = hash
    hasher = RemoteHasher(sftp)
  }

  var lastHashMethod: HashMethod { hasher.lastMethod }

  func prepareFolder(makes: Bool) throws(DeliveryError) {
    if try sftp.attributes(of: path.folderOrHome)?.isFolder == true { return }
    guard makes else {
      throw DeliveryError(
        .missingFolder,
        "The folder \(path.folder) does not exist on \(address): make it there, or let the "
          + "destination make folders.")
    }
    for folder in path.folders {
      if let found = try sftp.attributes(of: folder) {
        if found.isFolder { continue }
        throw DeliveryError(
          .missingFolder,
          "\(folder) on \(address) is a file where a folder is wanted: choose another folder.")
      }
      do throws(DeliveryError) {
        try sftp.makeFolder(folder)
      } catch  where error.kind == .refused {
        // Somebody else may have made it in this moment; OpenSSH says no more than "failure".
        guard try sftp.attributes(of: folder)?.isFolder == true else { throw error }
      }
    }
  }

  /// The name that was asked for, or where another file has it, one with this file's hash in it.
  func chooseName() throws(DeliveryError) -> NameChoice {
    let candidates = [path.target, path.alternative]
    for candidate in candidates {
      guard let found = try sftp.attributes(of: candidate) else { return .free(candidate) }
      if found.isRegularFile, found.size == size, try isWhole(candidate) {
        return .alreadyThere(candidate)
      }
    }
    throw DeliveryError(
      .nameTaken,
      "\(candidates.joined(separator: " and ")) on \(address) are other things already: move them "
        + "away or choose another folder.")
  }

  /// Whether the file there has, by hash, the content that is to be delivered.
  func isWhole(_ remote: String) throws(DeliveryError) -> Bool {
    try hasher.matches(remote, size: size, hash: hash)
  }

  /// How many bytes of an earlier try can stay; what cannot is removed.
  func resumableBytes(
    prefixHash: (Int64) throws(DeliveryError) -> String
  ) throws(DeliveryError) -> Int64 {
    guard let found = try sftp.attributes(of: path.partial), found.size > 0 else { return 0 }
    if found.isRegularFile, found.size <= size {
      let expected = try prefixHash(found.size)
      if try hasher.matches(path.partial, first: found.size, hash: expected) { return found.size }
    }
    try sftp.remove(path.partial)
    return 0
  }

  /// Better to say so before than to fill somebody's disk.
  func checkSpace(for bytes: Int64) throws(DeliveryError) {
    guard let free = try sftp.freeBytes(at: path.folderOrHome), free < bytes else { return }
    throw DeliveryError.noSpace(for: "\(path.target) on \(address) (\(bytes) bytes, \(free) free)")
  }

  /// Never truncates: a late packet of an earlier try could cut what this one has written.
  func openPartial(at offset: Int64) throws(DeliveryError) -> SFTPFile {
    let flags = LIBSSH2_FXF_WRITE | (offset == 0 ? LIBSSH2_FXF_CREAT : 0)
    let file = try sftp.open(path.partial, flags: flags)
    file.seek(to: offset)
    return file
  }

  /// A failed write, with its reason looked up: OpenSSH answers a full disk with a bare "failure".
  /// The part that filled the disk is removed, since others need that space more.
  func explained(_ error: DeliveryError, missing: Int64) -> DeliveryError {
    guard error.kind == .refused || error.kind == .noSpace else { return error }
    // Whatever fails in here, the first error is the one to report.
    let free = (try? sftp.freeBytes(at: path.folderOrHome)) ?? .max
    guard error.kind == .noSpace || free < missing else { return error }
    try? sftp.remove(path.partial)
    return .noSpace(for: "\(path.target) on \(address) (\(missing) more bytes, \(free) free)")
  }

  /// False where the name was taken meanwhile.
  func publish(as target: String) throws(DeliveryError) -> Bool {
    do throws(DeliveryError) {
      try sftp.rename(path.partial, to: target)
      return true
    } catch  where error.kind == .refused {
      guard try sftp.attributes(of: target) != nil else { throw error }
      return false
    }
  }

  /// Looks once more, then removes what is no longer needed.
  func confirm(_ target: String) throws(DeliveryError) {
    guard try sftp.attributes(of: target)?.size == size else {
      throw DeliveryError(
        .verification,
        "\(target) on \(address) vanished or changed right after it was put there: find out what moves "
          + "files there; the delivery will be tried again.")
    }
    try sftp.remove(path.partial)
  }
}
