internal import CSSH2

/// The one table from libssh2's error codes to kinds and sentences.
enum SSHFailure {
  static func error(
    _ code: Int32, while what: String, endpoint: SSHEndpoint, detail: String
  ) -> DeliveryError {
    let address = endpoint.address
    switch code {
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED where !detail.hasPrefix("Invalid signature"):
      // libssh2 has this code both for a refused signature and for a line that broke in the login.
      return broken(address, what, detail)
    case LIBSSH2_ERROR_BANNER_RECV, LIBSSH2_ERROR_BANNER_SEND:
      return DeliveryError(
        .connectionLost,
        "\(address) closed the connection before it greeted as an SSH server: check the port, and "
          + "whether the server turns this host away (MaxStartups, fail2ban).")
    case LIBSSH2_ERROR_KEX_FAILURE:
      return DeliveryError(
        .unsupportedServer,
        "\(address) and Airloom have no host key type or cipher in common: give the server an Ed25519 "
          + "or ECDSA host key (`ssh-keygen -A`); an RSA key alone cannot be used.")
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED,
      LIBSSH2_ERROR_METHOD_NONE:
      return DeliveryError(
        .authentication,
        "\(address) does not accept Airloom's key for the user \(endpoint.user): add the public key "
          + "to that user's ~/.ssh/authorized_keys there, and check the user name.")
    case LIBSSH2_ERROR_FILE, LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
      return DeliveryError(
        .identity,
        "Airloom's private key \(endpoint.privateKeyPath) cannot be used (\(detail)): restore it from "
          + "a backup, or move it away so that a new pair is made at the next start.")
    case LIBSSH2_ERROR_SOCKET_SEND, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_DISCONNECT,
      LIBSSH2_ERROR_SOCKET_NONE, LIBSSH2_ERROR_BAD_SOCKET, LIBSSH2_ERROR_CHANNEL_CLOSED,
      LIBSSH2_ERROR_CHANNEL_EOF_SENT, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
      return broken(address, what, detail)
    case LIBSSH2_ERROR_SFTP_PROTOCOL:
      // The server's own status lies beside it; `SFTPStatus` makes the sentence from that.
      return DeliveryError(
        .refused, "\(address) refused \(what) (\(detail)): see the server's log.")
    case LIBSSH2_ERROR_TIMEOUT, LIBSSH2_ERROR_SOCKET_TIMEOUT:
      return DeliveryError(
        .timeout,
        "\(address) stopped answering while \(what): check the line and the server's load.")
    default:
      return DeliveryError(
        .protocolFault,
        "\(address) answered wrongly while \(what) (\(detail), libssh2 \(code)): check that it is an "
          + "SSH server with SFTP switched on.")
    }
  }
  private static func broken(
    _ address: String, _ what: String, _ detail: String
  ) -> DeliveryError {
    DeliveryError(
      .connectionLost,
      "The connection to \(address) broke off while \(what) (\(detail)); it will be tried again.")
  }
}
