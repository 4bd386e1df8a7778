internal import Base
internal import Glibc

/// For whoever hands a host on to a program that makes its connections itself, and knows no filter.
extension AddressFilter {
  /// The addresses of a host in numbers, in the order of preference; a name and an address in any form
  /// that the system reads are both taken.
  ///
  /// Throws `.forbiddenAddress` where a single one is refused, because the program might take that one,
  /// and `.dns` where there is none. Takes as long as the name servers take.
  /// - Parameter url: for the error's text.
  public func addresses(of host: String, in url: String) async throws(HTTPError) -> [String] {
    let result = await withCheckedContinuation { continuation in
      // Asking name servers blocks, for seconds at times.
      BackgroundThread(named: "host-lookup") {
        continuation.resume(returning: self.lookUp(host, in: url))
      }.start()
    }
    return try result.get()
  }

  private func lookUp(_ host: String, in url: String) -> Result<[String], HTTPError> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0 else {
      return .failure(HTTPError(.dns, url: url))
    }
    defer { freeaddrinfo(list) }
    var found: [String] = []
    for entry in sequence(first: list, next: { $0?.pointee.ai_next }).compactMap(\.self) {
      guard let address = entry.pointee.ai_addr else { continue }
      guard admits(address) else { return .failure(.forbidden(url)) }
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      guard
        getnameinfo(
          address, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
          == 0
      else { continue }
      found.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
    }
    return found.isEmpty ? .failure(HTTPError(.dns, url: url)) : .success(found)
  }
}
