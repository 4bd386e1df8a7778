internal import Glibc
internal import HTTPServer

/// What a process tells others about where it listens: an address that they can connect to. A
/// wildcard such as 0.0.0.0 would lead each of them to itself.
enum AnnouncedAddress {
  /// `wanted` is `[service] announce_address`, empty for none.
  static func of(_ address: ServerAddress, wanted: String, hostName: String) -> ServerAddress {
    guard case .tcp(let host, let port) = address else { return address }
    if !wanted.isEmpty { return .tcp(host: wanted, port: port) }
    let isWildcard = ["0.0.0.0", "::"].contains(host)
    return isWildcard && !hostName.isEmpty ? .tcp(host: hostName, port: port) : address
  }

  /// As gethostname(2) tells it; in a container the name by which its neighbours find it.
  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
