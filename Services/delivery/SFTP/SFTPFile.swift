internal import CSSH2

/// An open file at the far end.
///
/// `close` it when everything went well. One that is let go without that takes its connection with
/// it, because requests may still be under way.
final class SFTPFile {
  let path: String
  private let session: SFTPSession
  private let handle: OpaquePointer
  private var isClosed = false

  init(_ handle: OpaquePointer, path: String, session: SFTPSession) {
    self.handle = handle
    self.path = path
    self.session = session
  }

  deinit {
    guard !isClosed else { return }
    session.ssh.abandon()
    var tries = 0
    while libssh2_sftp_close_handle(handle) == LIBSSH2_ERROR_EAGAIN, tries < 100 { tries += 1 }
  }

  func close() throws(DeliveryError) {
    // libssh2 frees the handle even when the server refuses to close it.
    isClosed = true
    do throws(SFTPStatus) {
      try session.run("closing", path) { libssh2_sftp_close_handle(handle) }
    } catch {
      throw error.failure
    }
  }

  func seek(to offset: Int64) { libssh2_sftp_seek64(handle, UInt64(offset)) }

  /// Offers bytes from the current position on and answers how many were acknowledged; the position
  /// moves on by that many.
  ///
  /// libssh2 cuts what it is offered into requests of 30,000 bytes and has them all under way at
  /// once, so offer megabytes (with 32 kB a line of 40 ms carries less than 1 MB/s, with 4 MB it
  /// carries 37), and offer the unacknowledged rest again, with more behind it.
  func write(_ bytes: UnsafeRawBufferPointer) throws(DeliveryError) -> Int {
    precondition(!bytes.isEmpty, "a write of nothing never ends")
    let start = bytes.assumingMemoryBound(to: CChar.self).baseAddress
    do throws(DeliveryError) {
      while true {
        // Zero: a request was sent in part and nothing acknowledged yet.
        let count = try session.ssh.call("writing \(path)") { _ in
          libssh2_sftp_write(handle, start, bytes.count)
        }
        if count > 0 { return count }
      }
    } catch {
      throw SFTPStatus(error, session.lastStatus, "writing", path, session.ssh.endpoint).failure
    }
  }

  /// Zero at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DeliveryError) -> Int {
    let start = buffer.assumingMemoryBound(to: CChar.self).baseAddress
    do throws(DeliveryError) {
      return try session.ssh.call("reading \(path)") { _ in
        libssh2_sftp_read(handle, start, buffer.count)
      }
    } catch {
      throw SFTPStatus(error, session.lastStatus, "reading", path, session.ssh.endpoint).failure
    }
  }

  /// Asks the server to put the file on its disk; false where it does not know how
  /// (fsync@openssh.com is an extension).
  func sync() throws(DeliveryError) -> Bool {
    do throws(SFTPStatus) {
      try session.run("syncing", path, within: session.ssh.timeouts.sync) {
        libssh2_sftp_fsync(handle)
      }
      return true
    } catch {
      if error.code == LIBSSH2_FX_OP_UNSUPPORTED { return false }
      throw error.failure
    }
  }
}
