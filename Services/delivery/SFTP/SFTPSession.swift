internal import Base
internal import CSSH2

/// What a path at the far end is.
struct RemoteAttributes: Hashable, Sendable {
  var size: Int64
  var isFolder: Bool
  var isRegularFile: Bool
}

/// The file operations of one SSH connection (SFTP version 3, as OpenSSH speaks it).
///
/// Belongs to one thread. Nothing here overwrites: `rename` fails where the new name exists.
final class SFTPSession {
  let ssh: SSHSession
  private let sftp: OpaquePointer

  init(over ssh: SSHSession) throws(DeliveryError) {
    self.ssh = ssh
    do throws(DeliveryError) {
      sftp = try ssh.handle("starting SFTP", within: ssh.timeouts.handshake) {
        libssh2_sftp_init($0)
      }
    } catch  where error.kind == .protocolFault {
      throw DeliveryError(
        .protocolFault,
        "\(ssh.endpoint.address) has no SFTP for the user \(ssh.endpoint.user) (\(error.reason)): "
          + "switch the sftp subsystem on in its sshd_config.")
    }
  }

  deinit {
    // What was not closed before is in an unknown state, so the connection goes with it; then no
    // call below can wait.
    ssh.abandon()
    var tries = 0
    while libssh2_sftp_shutdown(sftp) == LIBSSH2_ERROR_EAGAIN, tries < 100 { tries += 1 }
  }

  /// nil where nothing has that name. Follows symbolic links.
  func attributes(of path: String) throws(DeliveryError) -> RemoteAttributes? {
    var raw = LIBSSH2_SFTP_ATTRIBUTES()
    do throws(SFTPStatus) {
      try run("looking at", path) {
        libssh2_sftp_stat_ex(sftp, path, UInt32(path.utf8.count), LIBSSH2_SFTP_STAT, &raw)
      }
    } catch {
      if error.isMissing { return nil }
      throw error.failure
    }
    let type = Int32(truncatingIfNeeded: raw.permissions) & LIBSSH2_SFTP_S_IFMT
    return RemoteAttributes(
      size: Int64(clamping: raw.filesize), isFolder: type == LIBSSH2_SFTP_S_IFDIR,
      isRegularFile: type == LIBSSH2_SFTP_S_IFREG)
  }

  /// Makes one folder whose parent exists.
  func makeFolder(_ path: String) throws(DeliveryError) {
    try unwrapped("making the folder", path) {
      libssh2_sftp_mkdir_ex(sftp, path, UInt32(path.utf8.count), 0o755)
    }
  }

  /// Plain rename: OpenSSH makes a hard link and removes the old name, so that an existing target
  /// is refused and never replaced, without a race.
  func rename(_ old: String, to new: String) throws(DeliveryError) {
    try unwrapped("renaming to", new) {
      libssh2_sftp_rename_ex(
        sftp, old, UInt32(old.utf8.count), new, UInt32(new.utf8.count),
        Int(LIBSSH2_SFTP_RENAME_ATOMIC | LIBSSH2_SFTP_RENAME_NATIVE))
    }
  }

  /// Removes a file; one that is not there is as good as removed.
  func remove(_ path: String) throws(DeliveryError) {
    do throws(SFTPStatus) {
      try run("removing", path) {
        libssh2_sftp_unlink_ex(sftp, path, UInt32(path.utf8.count))
      }
    } catch  where error.isMissing {
      return
    } catch {
      throw error.failure
    }
  }

  /// The path without links and relative parts, as the server sees it.
  func realPath(_ path: String) throws(DeliveryError) -> String {
    var target = [CChar](repeating: 0, count: 4096)
    try unwrapped("resolving", path) {
      libssh2_sftp_symlink_ex(
        sftp, path, UInt32(path.utf8.count), &target, UInt32(target.count),
        LIBSSH2_SFTP_REALPATH)
    }
    return String(
      decoding: target.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Bytes that the account can still write there; nil where the server does not say
  /// (statvfs@openssh.com).
  func freeBytes(at path: String) throws(DeliveryError) -> Int64? {
    var status = LIBSSH2_SFTP_STATVFS()
    do throws(SFTPStatus) {
      try run("measuring the space at", path) {
        libssh2_sftp_statvfs(sftp, path, path.utf8.count, &status)
      }
    } catch {
      if error.code != nil { return nil }
      throw error.failure
    }
    return Int64(clamping: status.f_bavail.multipliedReportingOverflow(by: status.f_frsize))
  }

  /// Opens a file; `flags` are LIBSSH2_FXF_….
  func open(_ path: String, flags: Int32) throws(DeliveryError) -> SFTPFile {
    do throws(DeliveryError) {
      let handle = try ssh.handle("opening \(path)") { _ in
        libssh2_sftp_open_ex(
          sftp, path, UInt32(path.utf8.count), UInt(flags), 0o644, LIBSSH2_SFTP_OPENFILE)
      }
      return SFTPFile(handle, path: path, session: self)
    } catch {
      throw SFTPStatus(error, lastStatus, "opening", path, ssh.endpoint).failure
    }
  }

  /// Runs one call of a file of this session and says what its failure means.
  func run(
    _ what: String, _ path: String, within limit: Duration? = nil, _ body: () -> Int32
  ) throws(SFTPStatus) {
    do throws(DeliveryError) {
      _ = try ssh.call("\(what) \(path)", within: limit) { _ in Int(body()) }
    } catch {
      throw SFTPStatus(error, lastStatus, what, path, ssh.endpoint)
    }
  }

  var lastStatus: UInt { libssh2_sftp_last_error(sftp) }

  private func unwrapped(
    _ what: String, _ path: String, _ body: () -> Int32
  ) throws(DeliveryError) {
    do throws(SFTPStatus) {
      try run(what, path, body)
    } catch {
      throw error.failure
    }
  }
}

extension Int64 {
  /// A product that may have overflowed, at most `Int64.max`.
  fileprivate init(clamping product: (partialValue: UInt64, overflow: Bool)) {
    self = product.overflow ? .max : Int64(clamping: product.partialValue)
  }
}
