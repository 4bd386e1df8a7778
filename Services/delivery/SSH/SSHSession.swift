internal import Base
internal import CSSH2
internal import Glibc

/// One authenticated SSH connection to a server whose host key is the pinned one.
///
/// libssh2 runs in its non-blocking mode and every wait goes through `call`, which polls the socket
/// beside an interruption and keeps its own deadline on the monotonic clock: libssh2's blocking
/// mode counts its timeout in wall-clock seconds and cannot be interrupted.
///
/// Blocks its thread and belongs to one thread. Never goes on with a server whose key was not
/// compared, and offers no password: the only secret is the private key, which stays on this host.
final class SSHSession {
  let endpoint: SSHEndpoint
  let timeouts: SSHTimeouts
  private let interruption: Interruption
  private let socket: Int32
  private let session: OpaquePointer

  /// Connects, exchanges keys, compares the host key, logs in.
  static func open(
    _ endpoint: SSHEndpoint, timeouts: SSHTimeouts, interruption: Interruption
  ) throws(DeliveryError) -> SSHSession {
    var firstFailure: DeliveryError?
    for methods in hostKeyMethods {
      do throws(DeliveryError) {
        let session = try SSHSession(endpoint, timeouts, interruption)
        try session.exchangeKeys(hostKeyMethods: methods)
        try session.compareHostKey()
        try session.logIn()
        return session
      } catch {
        // A server has one key of each type and the pin may be for another one than it shows
        // first; so before a changed key is reported, its other types are asked for.
        guard error.kind == .hostKeyChanged || firstFailure != nil else { throw error }
        if error.kind == .interrupted { throw error }
        firstFailure = firstFailure ?? error
      }
    }
    throw firstFailure ?? DeliveryError.stopped
  }

  private static let hostKeyMethods = [
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
    "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
  ]

  /// libssh2's global state; zero is success (libssh2_init(3)).
  private static let isLibraryReady = libssh2_init(0) == 0

  private init(
    _ endpoint: SSHEndpoint, _ timeouts: SSHTimeouts, _ interruption: Interruption
  ) throws(DeliveryError) {
    precondition(SSHSession.isLibraryReady, "libssh2 cannot be initialised")
    let descriptor = try SSHSocket.connect(
      to: endpoint, within: timeouts.connect, interruption: interruption)
    guard let session = libssh2_session_init_ex(nil, nil, nil, nil) else {
      preconditionFailure("out of memory")
    }
    libssh2_session_set_blocking(session, 0)
    self.endpoint = endpoint
    self.timeouts = timeouts
    self.interruption = interruption
    self.session = session
    socket = descriptor
  }

  deinit {
    // With the socket shut down nothing below can wait: each call fails at once and frees.
    abandon()
    var tries = 0
    while libssh2_session_free(session) == LIBSSH2_ERROR_EAGAIN, tries < 100 { tries += 1 }
    close(socket)
  }

  /// Cuts the connection, so that no call on it waits any more.
  func abandon() { shutdown(socket, Int32(SHUT_RDWR)) }

  /// Repeats a libssh2 call until it has an answer: a count or zero, or a negative error code.
  func call(
    _ what: String, within limit: Duration? = nil, _ body: (OpaquePointer) -> Int
  ) throws(DeliveryError) -> Int {
    let deadline = SystemTimeSource().monotonic() + (limit ?? timeouts.operation)
    while true {
      let result = body(session)
      if result >= 0 { return result }
      guard result == Int(LIBSSH2_ERROR_EAGAIN) else { throw failure(Int32(result), what) }
      try wait(what, until: deadline)
    }
  }

  /// The same for calls that answer with a handle.
  func handle(
    _ what: String, within limit: Duration? = nil, _ body: (OpaquePointer) -> OpaquePointer?
  ) throws(DeliveryError) -> OpaquePointer {
    let deadline = SystemTimeSource().monotonic() + (limit ?? timeouts.operation)
    while true {
      if let handle = body(session) { return handle }
      let code = libssh2_session_last_errno(session)
      guard code == LIBSSH2_ERROR_EAGAIN else { throw failure(code, what) }
      try wait(what, until: deadline)
    }
  }

  private func wait(_ what: String, until deadline: Monotonic) throws(DeliveryError) {
    let directions = libssh2_session_block_directions(session)
    var events: Int16 = 0
    if directions & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 { events |= Int16(POLLOUT) }
    if directions & LIBSSH2_SESSION_BLOCK_INBOUND != 0 || events == 0 { events |= Int16(POLLIN) }
    switch NetworkWait.wait(
      for: events, on: socket, until: deadline, interruption: interruption)
    {
    case .ready: return
    case .interrupted: throw DeliveryError.stopped
    case .timedOut:
      throw DeliveryError(
        .timeout,
        "\(endpoint.address) stopped answering while \(what): check the line and the server's load."
      )
    }
  }

  // MARK: - Opening

  private func exchangeKeys(hostKeyMethods: String) throws(DeliveryError) {
    _ = libssh2_session_method_pref(session, LIBSSH2_METHOD_HOSTKEY, hostKeyMethods)
    let socket = socket
    _ = try call("exchanging keys", within: timeouts.handshake) { session in
      Int(libssh2_session_handshake(session, socket))
    }
  }

  private func compareHostKey() throws(DeliveryError) {
    guard let hash = libssh2_hostkey_hash(session, LIBSSH2_HOSTKEY_HASH_SHA256) else {
      throw DeliveryError(
        .protocolFault, "\(endpoint.address) showed no host key: check that it is an SSH server.")
    }
    let bytes = UnsafeRawBufferPointer(start: hash, count: 32)
    let found = HostKey.fingerprint(ofHash: Array(bytes))
    guard let pinned = endpoint.hostKey.map(HostKey.normalised), !pinned.isEmpty else {
      throw DeliveryError(
        .hostKeyUnknown,
        "The host key of \(endpoint.address) is not pinned yet; it showed \(found): compare that "
          + "with `ssh-keygen -lf` on the server, then enter it as the destination's host key.",
        fingerprint: found)
    }
    guard pinned == found else {
      throw DeliveryError(
        .hostKeyChanged,
        "\(endpoint.address) showed the host key \(found) instead of the pinned \(pinned): if the "
          + "server was reinstalled, compare the new key there and pin it; otherwise somebody may be "
          + "in between.",
        fingerprint: found)
    }
  }

  private func logIn() throws(DeliveryError) {
    let user = endpoint.user
    let key = endpoint.privateKeyPath
    _ = try call("logging in", within: timeouts.handshake) { session in
      Int(
        libssh2_userauth_publickey_fromfile_ex(
          session, user, UInt32(user.utf8.count), nil, key, nil))
    }
  }

  // MARK: - Errors

  private func failure(_ code: Int32, _ what: String) -> DeliveryError {
    SSHFailure.error(code, while: what, endpoint: endpoint, detail: lastMessage)
  }

  private var lastMessage: String {
    var text: UnsafeMutablePointer<CChar>?
    var length: Int32 = 0
    libssh2_session_last_error(session, &text, &length, 0)
    guard let text else { return "no detail" }
    return String(
      decoding: UnsafeRawBufferPointer(start: text, count: Int(max(0, length))), as: UTF8.self)
  }
}
