import HTTPServer
import Testing

@testable import Service

@Suite("The address that is announced")
struct AnnouncedAddressTests {
  @Test(
    "is one that others can connect to",
    arguments: [
      ("127.0.0.1", "", "127.0.0.1:8667"),
      ("0.0.0.0", "", "3f2a:8667"),
      ("::", "", "3f2a:8667"),
      ("0.0.0.0", "10.0.0.3", "10.0.0.3:8667"),
      ("10.0.0.2", "fd00::2", "[fd00::2]:8667"),
    ])
  func table(listening: String, wanted: String, announced: String) {
    let address = AnnouncedAddress.of(
      .tcp(host: listening, port: 8667), wanted: wanted, own: "3f2a")
    #expect("\(address)" == announced)
  }

  @Test("is that of this host, where it has one")
  func own() {
    #expect(!AnnouncedAddress.own.isEmpty)
    let nameless = AnnouncedAddress.of(.tcp(host: "::", port: 1), wanted: "", own: "")
    #expect("\(nameless)" == "[::]:1")
  }
}
