internal import Glibc
internal import HTTPServer

/// What a process tells others about where it listens: an address that they can connect to. A
/// wildcard such as 0.0.0.0 would lead each of them to itself.
enum AnnouncedAddress {
  /// `wanted` is `[service] announce_address`, empty for none; `own` is this host's address or name.
  static func of(_ address: ServerAddress, wanted: String, own: String) -> ServerAddress {
    guard case .tcp(let host, let port) = address else { return address }
    if !wanted.isEmpty { return .tcp(host: wanted, port: port) }
    let isWildcard = ["0.0.0.0", "::"].contains(host)
    return isWildcard && !own.isEmpty ? .tcp(host: own, port: port) : address
  }

  /// The first IPv4 address that is not the loopback's: in a network of containers names come and
  /// go, and not every runtime resolves them. The host's name where there is none.
  static var own: String {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return hostName }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      guard let address = entry.pointee.ifa_addr, address.pointee.sa_family == AF_INET,
        entry.pointee.ifa_flags & UInt32(IFF_LOOPBACK) == 0
      else { continue }
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let length = socklen_t(MemoryLayout<sockaddr_in>.size)
      if getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
        return string(text)
      }
    }
    return hostName
  }

  private static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    return gethostname(&buffer, buffer.count - 1) == 0 ? string(buffer) : ""
  }

  private static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
