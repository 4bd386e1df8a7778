import Base
import Glibc
import HTTPServer
import TestSupport
import Testing

@testable import HTTPClient

@Suite("A client of the public internet only")
struct AddressFilterTests {
  static let special = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
    "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "::127.0.0.1", "4000::1",
  ]
  static let ordinary = [
    "1.1.1.1", "9.9.9.9", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
    "192.169.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
    "2002:808:808::", "64:ff9b::808:808", "2001:4860::8888",
  ]

  @Test("refuses every special range", arguments: special)
  func refuses(address: String) throws { #expect(try !Self.admits(address)) }

  @Test("lets the others through", arguments: ordinary)
  func admits(address: String) throws { #expect(try Self.admits(address)) }

  @Test(
    "does not reach a server of this machine, however its address is written",
    arguments: [
      "http://127.0.0.1:", "http://localhost:", "http://127.1:", "http://0x7f.1:",
      "http://2130706433:", "http://0177.0.0.01:", "http://[::ffff:127.0.0.1]:", "http://0:",
    ])
  func local(start: String) async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    }
    let url = "\(start)\(server.port)/"
    let client = HTTPClient(addresses: .publicInternet)
    let error = await #expect(throws: HTTPError.self) {
      try await client.request(HTTPRequest("GET", url))
    }
    #expect(error?.kind == .forbiddenAddress, "\(String(describing: error))")
    #expect(server.received.isEmpty)
    // The same address with nothing in the way: it is the filter that kept it from being asked.
    #expect(try await HTTPClient().request(HTTPRequest("GET", url)).body == Array("hi".utf8))
  }

  @Test(
    "looks a host up for others, and names none of which they could reach this machine",
    arguments: [
      ("1.1.1.1", ["1.1.1.1"], nil), ("0x08.8.2056", ["8.8.8.8"], nil),
      ("2606:4700:0::1111", ["2606:4700::1111"], nil), ("localhost", nil, .forbiddenAddress),
      ("127.1", nil, .forbiddenAddress), ("::ffff:10.0.0.1", nil, .forbiddenAddress),
      ("", nil, .dns), (String(repeating: "a", count: 300), nil, .dns),
    ] as [(String, [String]?, HTTPError.Kind?)])
  func lookup(host: String, addresses: [String]?, refusal: HTTPError.Kind?) async throws {
    let result: Result<[String], HTTPError>
    do {
      result = .success(
        try await AddressFilter.publicInternet.addresses(of: host, in: "rtmp://me:pw@host/x"))
    } catch {
      result = .failure(error)
    }
    #expect((try? result.get()) == addresses)
    guard case .failure(let error) = result else { return }
    #expect(error.kind == refusal && !error.description.contains("pw"))
  }

  private static func admits(_ text: String) throws -> Bool {
    var v4 = sockaddr_in()
    v4.sin_family = sa_family_t(AF_INET)
    if inet_pton(AF_INET, text, &v4.sin_addr) == 1 {
      return withUnsafePointer(to: &v4) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          AddressFilter.publicInternet.admits($0)
        }
      }
    }
    var v6 = sockaddr_in6()
    v6.sin6_family = sa_family_t(AF_INET6)
    guard inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 else { throw TestFailure(text) }
    return withUnsafePointer(to: &v6) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        AddressFilter.publicInternet.admits($0)
      }
    }
  }
}

@Suite("A web address")
struct WebAddressTests {
  @Test("is resolved as a browser would")
  func resolves() throws {
    let base = try #require(WebAddress("HTTP://User:pw@Example.COM/a/b?c#d"))
    #expect(base.host == "example.com")
    #expect(base.port == 80)
    #expect(base.user == "User")
    #expect(WebAddress("../x y.mp3?q=1", base: base)?.path == "/x%20y.mp3")
    #expect(WebAddress("//other.example/x", base: base)?.origin == "http://other.example:80")
    #expect(WebAddress("https://[::1]:8/x")?.port == 8)
    #expect(WebAddress("ftp://example.com/x")?.isWeb == false)
    #expect(WebAddress("relative") == nil || WebAddress("relative")?.isWeb == false)
    #expect(WebAddress("http://example.com/\r\nX: y") == nil)
  }
}
