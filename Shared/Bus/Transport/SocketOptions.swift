internal import CZmq

/// How a connection is protected.
enum SocketSecurity {
  /// ipc: the mode of the folder.
  case folder
  /// A bound TCP socket: CURVE, and the ZAP handler must agree.
  case curveServer(CurveIdentity)
  /// A dialled TCP socket: the peer must prove this key.
  case curveClient(CurveIdentity, peer: CurvePublicKey)
}

extension ZmqSocket {
  /// Packets that libzmq holds for one peer. Small for work handed over, as what it holds is lost
  /// with the peer; larger for an outbox, which drops above it and makes its follower ask for
  /// what it missed.
  static let pushHighWater: Int32 = 1000
  static let publishHighWater: Int32 = 4096

  private static let zapDomain = Array("airloom".utf8)

  /// The options that every socket of the bus has, before it is bound or connected.
  func configure(highWater: Int32, security: SocketSecurity) throws(TransportError) {
    // Nothing is queued for a peer that is not there, so that a refusal to send is honest.
    try set(ZMQ_IMMEDIATE, to: Int32(1), "ZMQ_IMMEDIATE")
    // The log sends again what is lost; waiting for a dead peer would hang the stop for ever.
    try set(ZMQ_LINGER, to: Int32(0), "ZMQ_LINGER")
    try set(ZMQ_MAXMSGSIZE, to: Int64(ZmqSocket.largestFrame), "ZMQ_MAXMSGSIZE")
    try set(ZMQ_HANDSHAKE_IVL, to: Int32(5000), "ZMQ_HANDSHAKE_IVL")
    try set(ZMQ_HEARTBEAT_IVL, to: Int32(2000), "ZMQ_HEARTBEAT_IVL")
    try set(ZMQ_HEARTBEAT_TIMEOUT, to: Int32(6000), "ZMQ_HEARTBEAT_TIMEOUT")
    try set(ZMQ_RECONNECT_IVL, to: Int32(100), "ZMQ_RECONNECT_IVL")
    try set(ZMQ_RECONNECT_IVL_MAX, to: Int32(5000), "ZMQ_RECONNECT_IVL_MAX")
    // Else a black hole is waited for as long as the kernel likes (about two minutes).
    try set(ZMQ_CONNECT_TIMEOUT, to: Int32(5000), "ZMQ_CONNECT_TIMEOUT")
    try set(ZMQ_SNDHWM, to: highWater, "ZMQ_SNDHWM")
    try set(ZMQ_RCVHWM, to: highWater, "ZMQ_RCVHWM")
    // What the kernel holds is lost with the peer too: 7,801 messages of 500 bytes vanished into a
    // stopped peer at a high-water mark of 1.
    try set(ZMQ_SNDBUF, to: Int32(256 << 10), "ZMQ_SNDBUF")
    try set(ZMQ_RCVBUF, to: Int32(256 << 10), "ZMQ_RCVBUF")
    try secure(security)
  }

  private func secure(_ security: SocketSecurity) throws(TransportError) {
    switch security {
    case .folder: break
    case .curveServer(let identity):
      try set(ZMQ_CURVE_SERVER, to: Int32(1), "ZMQ_CURVE_SERVER")
      try set(ZMQ_CURVE_SECRETKEY, to: Array(identity.secretText.utf8), "ZMQ_CURVE_SECRETKEY")
      // Both are needed to fail closed: with an empty domain, or without enforcement, libzmq lets
      // anybody in when no handler answers (curve_server.cpp, process_initiate).
      try set(ZMQ_ZAP_DOMAIN, to: ZmqSocket.zapDomain, "ZMQ_ZAP_DOMAIN")
      try set(ZMQ_ZAP_ENFORCE_DOMAIN, to: Int32(1), "ZMQ_ZAP_ENFORCE_DOMAIN")
    case .curveClient(let identity, let peer):
      let publicKey = Array(identity.publicKey.text.utf8)
      try set(ZMQ_CURVE_SERVERKEY, to: Array(peer.text.utf8), "ZMQ_CURVE_SERVERKEY")
      try set(ZMQ_CURVE_PUBLICKEY, to: publicKey, "ZMQ_CURVE_PUBLICKEY")
      try set(ZMQ_CURVE_SECRETKEY, to: Array(identity.secretText.utf8), "ZMQ_CURVE_SECRETKEY")
    }
  }
}
