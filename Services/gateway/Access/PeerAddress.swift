import HTTPServer

/// Whose request it is, for limits and for the list of sessions.
enum PeerAddress {
  /// Behind a proxy the address that the proxy itself has added: the last one. What stands before it
  /// is whatever the client liked to say.
  static func of(_ request: Request, isBehindProxy: Bool) -> String {
    guard isBehindProxy, let list = request.header("X-Forwarded-For"),
      let last = list.split(separator: ",").last
    else { return request.peer }
    return String(last.filter { $0 != " " }.prefix(45))
  }
}
