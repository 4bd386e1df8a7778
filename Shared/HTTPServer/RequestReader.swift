internal import CMicrohttpd
internal import Glibc

/// Copies a request out of libmicrohttpd, whose pointers do not outlive the callback.
enum RequestReader {
  /// A closure that completes the request with its body.
  static func read(
    _ connection: OpaquePointer, method: UnsafePointer<CChar>, path: UnsafePointer<CChar>
  ) -> @Sendable ([UInt8]) -> Request {
    let method = String(cString: method)
    let path = String(cString: path)
    let query = values(of: connection, .GET_ARGUMENT_KIND).map { pair in
      (
        name: PercentEncoding.decode(pair.name, plusIsSpace: true) ?? pair.name,
        value: PercentEncoding.decode(pair.value, plusIsSpace: true) ?? pair.value
      )
    }
    let headers = values(of: connection, .HEADER_KIND)
    let peer = peer(of: connection)
    return { body in
      Request(
        method: method, path: path, query: query, headers: headers, body: body, peer: peer)
    }
  }

  private final class Pairs {
    var list: [(name: String, value: String)] = []
  }

  private static func values(
    of connection: OpaquePointer, _ kind: MHD_ValueKind
  ) -> [(name: String, value: String)] {
    let pairs = Pairs()
    MHD_get_connection_values(
      connection, kind,
      { context, _, name, value in
        guard let context, let name else { return .YES }
        let pairs = Unmanaged<Pairs>.fromOpaque(context).takeUnretainedValue()
        pairs.list.append((String(cString: name), value.map { String(cString: $0) } ?? ""))
        return .YES
      }, Unmanaged.passUnretained(pairs).toOpaque())
    return pairs.list
  }

  private static func peer(of connection: OpaquePointer) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      airloom_mhd_peer(connection, start, socklen_t(buffer.count))
      return String(cString: start)
    }
  }
}
