internal import CZmq

/// Decides who may come in over TCP: the ZAP handler of a context (ZeroMQ RFC 27).
///
/// Every CURVE handshake on a bound socket waits for its answer, and fails when it is gone. Only
/// keys of the ring are let in. The user id it gives to a connection is the key itself, so that each
/// packet can later be asked whose key it came with, and whether that key is still allowed.
final class ZapAuthenticator {
  struct Refusal: Hashable {
    let key: String
    let address: String

    var reason: String {
      "the key \(key) from \(address) is not among our authorized keys"
    }
  }

  /// Takes effect for the next handshake.
  var keys: KeyRing

  private static let endpoint = "inproc://zeromq.zap.01"

  private let socket: ZmqSocket
  private var entry: Int?

  init(in context: ZmqContext, keys: KeyRing) throws(TransportError) {
    self.keys = keys
    socket = try context.makeSocket(.rep)
    try socket.set(ZMQ_LINGER, to: Int32(0), "ZMQ_LINGER")
    try socket.bind(ZapAuthenticator.endpoint)
  }

  /// From here on nobody gets in. The name is given up at once, where the close would do so a little
  /// later: a handshake in between would hang until its time is over.
  func close() {
    // Fails only where it is closed already.
    try? socket.unbind(ZapAuthenticator.endpoint)
    socket.close()
  }

  func register(in poller: inout ZmqPoller) { entry = poller.add(socket) }

  /// Answers all waiting requests, and returns who was refused.
  func serve(_ poller: ZmqPoller) throws(TransportError) -> [Refusal] {
    guard poller.isReadable(entry) else { return [] }
    var refusals: [Refusal] = []
    while let request = try socket.receive() {
      let (reply, refusal) = answer(request.frames)
      refusal.map { refusals.append($0) }
      // A requester that has gone is no error: REP drops the reply.
      guard case .yes = try socket.send(reply) else {
        throw TransportError(.system, "The answer to a handshake could not be sent (zmq_send).")
      }
    }
    return refusals
  }

  /// Request: version, id, domain, address, identity, mechanism, credentials. Reply: version, id,
  /// status, text, user id, metadata.
  private func answer(_ request: [[UInt8]]) -> ([[UInt8]], Refusal?) {
    let requestID = request.count > 1 ? request[1] : []
    func reply(_ status: String, _ text: String, _ user: String) -> [[UInt8]] {
      [Array("1.0".utf8), requestID, Array(status.utf8), Array(text.utf8), Array(user.utf8), []]
    }
    guard request.count == 7, request[0] == Array("1.0".utf8),
      request[5] == Array("CURVE".utf8), let key = CurvePublicKey(bytes: request[6])
    else { return (reply("500", "not a CURVE request of ZAP 1.0", ""), nil) }
    guard keys.owner(of: key) != nil else {
      let address = String(decoding: request[3], as: UTF8.self)
      return (reply("400", "unknown key", ""), Refusal(key: key.text, address: address))
    }
    return (reply("200", "OK", key.text), nil)
  }
}
