internal import Glibc

/// Why a connection that was made did not come to be, as libzmq's monitor tells it.
enum HandshakeFailure: Hashable {
  /// The ZAP handler of the side that is called said no (status codes: ZeroMQ RFC 27).
  case refused(status: Int32)
  /// An error of the protocol, ZMQ_PROTOCOL_ERROR_….
  case misunderstood(code: Int32)
  /// The connection ended, or the time was over.
  case hungUp(errno: Int32)

  /// ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC and …_MECHANISM_MISMATCH.
  private static let cryptographic: Int32 = 0x1100_0001
  private static let mechanismMismatch: Int32 = 0x1100_0002

  /// Whether it may mean nothing: a peer that is just ending hangs up too.
  var isVague: Bool {
    switch self {
    case .refused, .misunderstood, .hungUp(EFAULT): false
    case .hungUp: true
    }
  }

  /// For a person on the side that was called.
  var reasonAsCalled: String {
    switch self {
    case .hungUp(let code) where code != EFAULT:
      "a caller hung up during the handshake: if this goes on, it speaks without CURVE keys, or "
        + "expects another key than ours"
    default: reason
    }
  }

  /// For a person on the side that calls.
  var reason: String {
    switch self {
    case .refused(400):
      "the peer does not accept our key: add our public key to its authorized keys"
    case .refused(let status): "the peer could not check our key (ZAP status \(status))"
    case .misunderstood(HandshakeFailure.cryptographic):
      "the key that the caller expects is not the key of the one called"
    case .misunderstood(HandshakeFailure.mechanismMismatch):
      "one side uses CURVE keys and the other does not"
    case .misunderstood(let code):
      "the other side does not speak ZeroMQ's protocol as we do (code \(code))"
    case .hungUp(EFAULT):
      // EFAULT is how libzmq says that no ZAP handler answers.
      "nobody answers for who may come in (no ZAP handler), so that nobody may"
    case .hungUp:
      "the peer hung up during the handshake: if this goes on, the public key listed for the peer "
        + "is not its own"
    }
  }
}
