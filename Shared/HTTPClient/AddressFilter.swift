internal import CCurl
internal import Glibc

/// Which addresses a client connects to.
public enum AddressFilter: Sendable {
  case all
  /// Only those of the public internet: none of this machine, of private and shared networks, of a
  /// cloud's metadata service. For addresses that strangers name (server-side request forgery): a
  /// name is judged by what it resolved to when the connection is made, so that neither a redirect
  /// nor a name server that changes its mind gets around it.
  case publicInternet

  /// Whether the socket address is allowed.
  func admits(_ address: UnsafePointer<sockaddr>) -> Bool {
    guard case .publicInternet = self else { return true }
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        AddressFilter.isPublic(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
      }
    case AF_INET6:
      return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
        withUnsafeBytes(of: pointer.pointee.sin6_addr) { AddressFilter.isPublic(v6: Array($0)) }
      }
    default: return false
    }
  }

  /// By the IANA's registry of special-purpose addresses (RFC 6890), as of 2025.
  static func isPublic(v4 address: UInt32) -> Bool {
    !specialV4.contains { network, bits in address >> (32 - bits) == network >> (32 - bits) }
  }

  /// Of the 16 bytes of an address. Only 2000::/3 is given out for the internet.
  static func isPublic(v6 address: [UInt8]) -> Bool {
    let words = stride(from: 0, to: 16, by: 2).map {
      UInt16(address[$0]) << 8 | UInt16(address[$0 + 1])
    }
    let last = UInt32(words[6]) << 16 | UInt32(words[7])
    // IPv4 in other clothes: mapped (::ffff:0:0/96), by a gateway (64:ff9b::/96).
    if words[..<5].allSatisfy({ $0 == 0 }), words[5] == 0xFFFF { return isPublic(v4: last) }
    if words[0] == 0x64, words[1] == 0xFF9B, words[2..<6].allSatisfy({ $0 == 0 }) {
      return isPublic(v4: last)
    }
    // 6to4 (2002::/16) has the IPv4 address in its second and third word.
    if words[0] == 0x2002 { return isPublic(v4: UInt32(words[1]) << 16 | UInt32(words[2])) }
    guard words[0] & 0xE000 == 0x2000 else { return false }
    // 2001::/23 (protocols, among them Teredo), 2001:db8::/32 and 3fff::/20 (documents).
    if words[0] == 0x2001, words[1] < 0x0200 || words[1] == 0x0DB8 { return false }
    return !(words[0] == 0x3FFF && words[1] < 0x1000)
  }

  private static let specialV4: [(network: UInt32, bits: UInt32)] = [
    (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
    (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16),
    (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 4), (0xF000_0000, 4),
  ]
}
