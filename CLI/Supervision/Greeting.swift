internal import Base
internal import Configuration
internal import Glibc
internal import Service

/// Tells where the page is once it is there, and the first password while there is one.
struct Greeting: Sendable {
  let place: Place
  let settings: Settings
  let printer: LogPrinter

  /// Ends when it has been said, or when the task is cancelled.
  func run() async {
    guard settings.up.services.contains("gateway") else { return }
    let gateway = ServiceNames.node(of: "gateway")
    let client = ControlClient(place.home)
    let startedAt = SystemTimeSource().monotonic()
    var isLateSaid = false
    while !Task.isCancelled {
      if let stats = try? await client.stats(of: gateway), let http = stats.http {
        return greet(http)
      }
      if !isLateSaid, SystemTimeSource().monotonic() - startedAt > .seconds(30) {
        isLateSaid = true
        printer.print("the page is not there after 30 s: the gateway's lines say why")
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func greet(_ http: String) {
    printer.print("")
    printer.print("  Airloom is up: \(Self.address(http))")
    if let bytes = try? DurableFile.read(place.home.firstPassword) {
      let password = String(decoding: bytes, as: UTF8.self).split(separator: "\n").joined()
      printer.print("  First login:   admin / \(password)")
      printer.print("                 (kept in \(place.home.firstPassword) until it is changed)")
    }
    printer.print("")
  }

  /// An address that a browser on this machine can open.
  static func address(_ http: String) -> String {
    guard let colon = http.lastIndex(of: ":") else { return "http://\(http)" }
    let (host, port) = (http[..<colon], http[colon...])
    let isLocal = ["127.0.0.1", "0.0.0.0", "[::1]", "[::]"].contains(host)
    return "http://\(isLocal ? "localhost" : host)\(port)"
  }
}
