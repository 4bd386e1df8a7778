internal import Base
internal import CShims
internal import Glibc

/// A connected, non-blocking TCP socket: resolved, tried address by address (IPv6 and IPv4 in the
/// system's order), each with its own time limit.
///
/// Blocks its thread; resolving a name cannot be interrupted (getaddrinfo has no way), everything
/// after can.
enum SSHSocket {
  static func connect(
    to endpoint: SSHEndpoint, within limit: Duration, interruption: Interruption
  ) throws(DeliveryError) -> Int32 {
    var failure = DeliveryError(.unreachable, "\(endpoint.host) has no address.")
    let addresses = try resolve(endpoint)
    defer { freeaddrinfo(addresses) }
    var next: UnsafeMutablePointer<addrinfo>? = addresses
    while let address = next {
      do throws(DeliveryError) {
        return try open(address.pointee, endpoint, within: limit, interruption: interruption)
      } catch {
        if error.kind == .interrupted { throw error }
        failure = error
      }
      next = address.pointee.ai_next
    }
    throw failure
  }

  private static func resolve(
    _ endpoint: SSHEndpoint
  ) throws(DeliveryError) -> UnsafeMutablePointer<addrinfo> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    // Skips IPv6 addresses on a host that has no IPv6 at all.
    hints.ai_flags = AI_ADDRCONFIG
    var found: UnsafeMutablePointer<addrinfo>?
    var code = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found)
    if code != 0 {
      // AI_ADDRCONFIG does not count loopback, so `::1` alone would not be found with it.
      hints.ai_flags = 0
      code = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found)
    }
    guard code == 0, let found else {
      throw DeliveryError(
        .unreachable,
        "The name \(endpoint.host) cannot be found (\(String(cString: gai_strerror(code)))): check "
          + "the destination's host name and this machine's DNS.")
    }
    return found
  }

  private static func open(
    _ address: addrinfo, _ endpoint: SSHEndpoint, within limit: Duration,
    interruption: Interruption
  ) throws(DeliveryError) -> Int32 {
    let descriptor = socket(
      address.ai_family,
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else {
      throw unreachable(endpoint, errno)
    }
    do throws(DeliveryError) {
      if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
        guard errno == EINPROGRESS else { throw unreachable(endpoint, errno) }
        try awaitConnection(descriptor, endpoint, within: limit, interruption: interruption)
      }
      tune(descriptor)
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func awaitConnection(
    _ descriptor: Int32, _ endpoint: SSHEndpoint, within limit: Duration,
    interruption: Interruption
  ) throws(DeliveryError) {
    let outcome = NetworkWait.wait(
      for: Int16(POLLOUT), on: descriptor, until: SystemTimeSource().monotonic() + limit,
      interruption: interruption)
    switch outcome {
    case .interrupted: throw DeliveryError.stopped
    case .timedOut:
      throw DeliveryError(
        .unreachable,
        "\(endpoint.address) did not answer within \(Int(limit.inSeconds)) s: check the address, the "
          + "port and the firewall.")
    case .ready:
      var code: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
      if code != 0 { throw unreachable(endpoint, code) }
    }
  }

  /// Small requests go out at once, and a peer that vanished without a word is noticed by the
  /// kernel as well.
  private static func tune(_ descriptor: Int32) {
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, size)
  }

  private static func unreachable(_ endpoint: SSHEndpoint, _ code: Int32) -> DeliveryError {
    let reason = SystemError(code: code, call: "connect").reason
    return DeliveryError(
      .unreachable,
      "\(endpoint.address) cannot be reached (\(reason)): check the address, the port, and that its "
        + "SSH server runs.")
  }
}

extension DeliveryError {
  /// What every interrupted wait ends with.
  static let stopped = DeliveryError(.interrupted, "The delivery was stopped.")
}
