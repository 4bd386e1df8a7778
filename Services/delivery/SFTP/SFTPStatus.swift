internal import CSSH2

/// A failed SFTP call with the server's status code, where the failure was the server's answer and
/// not the connection's.
struct SFTPStatus: Error {
  /// LIBSSH2_FX_…; nil where the connection failed.
  let code: UInt?
  let failure: DeliveryError

  init(
    _ error: DeliveryError, _ lastStatus: UInt, _ what: String, _ path: String,
    _ endpoint: SSHEndpoint
  ) {
    // libssh2 reports every status as one error (-31), which `SSHFailure` calls refused; the status
    // itself lies beside it.
    guard error.kind == .refused, lastStatus != LIBSSH2_FX_OK else {
      code = nil
      failure = error
      return
    }
    code = lastStatus
    failure = SFTPStatus.failure(lastStatus, what, path, endpoint)
  }

  var isMissing: Bool { code == LIBSSH2_FX_NO_SUCH_FILE || code == LIBSSH2_FX_NO_SUCH_PATH }

  private static func failure(
    _ code: UInt, _ what: String, _ path: String, _ endpoint: SSHEndpoint
  ) -> DeliveryError {
    let place = "\(path) on \(endpoint.address)"
    switch code {
    case LIBSSH2_FX_PERMISSION_DENIED, LIBSSH2_FX_WRITE_PROTECT:
      return DeliveryError(
        .permission,
        "The user \(endpoint.user) has no permission for \(what) \(place): give that user write "
          + "permission there, or choose another folder.")
    case LIBSSH2_FX_NO_SUCH_FILE, LIBSSH2_FX_NO_SUCH_PATH, LIBSSH2_FX_NOT_A_DIRECTORY:
      return DeliveryError(
        .missingFolder,
        "There is no such folder for \(what) \(place): make it there, or let the destination make "
          + "folders.")
    case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM, LIBSSH2_FX_QUOTA_EXCEEDED:
      return .noSpace(for: place)
    case LIBSSH2_FX_NO_CONNECTION, LIBSSH2_FX_CONNECTION_LOST:
      return DeliveryError(
        .connectionLost, "\(endpoint.address) lost its connection while \(what) \(path).")
    default:
      return DeliveryError(
        .refused,
        "\(endpoint.address) refused \(what) \(path) (SFTP status \(code)): check the account's quota "
          + "and the server's log.")
    }
  }
}

extension DeliveryError {
  static func noSpace(for place: String) -> DeliveryError {
    DeliveryError(
      .noSpace, "There is not enough space for \(place): make room there; it will be tried again.")
  }
}
