import Base
import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import TestSupport
import Testing

@Suite(
  "The HTTP client, against a server that says exactly what it is told", .timeLimit(.minutes(1)))
struct HTTPClientTests {
  private let client = HTTPClient()

  @Test func `a small answer comes whole, with its head`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name: R\u{E9}\r\n\r\nhello")
    }
    let response = try await client.request(HTTPRequest("GET", server.url))
    #expect(response.status == 200)
    #expect(response.body == Array("hello".utf8))
    #expect(response.headers["x-name"] == "Ré")
    #expect(!response.head.isICY)
  }

  @Test func `a header in Latin-1 is read as such`() async throws {
    let server = try RawServer { connection, _ in
      connection.send(
        Array("HTTP/1.0 200 OK\r\nicy-name: Caf".utf8) + [0xE9] + Array("\r\n\r\n".utf8))
    }
    let response = try await client.request(HTTPRequest("GET", server.url))
    #expect(response.headers["icy-name"] == "Café")
  }

  /// Counts up, in pieces of an odd size; ends too early where it is told to.
  private struct Counting: HTTPBodySource {
    let size: Int64
    var end = Int64.max

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int? {
      guard offset < end else { return nil }
      let count = min(buffer.count, 1237, Int(size - offset))
      for index in 0..<count {
        buffer[index] = UInt8(truncatingIfNeeded: offset + Int64(index))
      }
      return count
    }
  }

  @Test func `a body is read from its source while it is sent`() async throws {
    var configuration = Server.Configuration(.tcp(host: "127.0.0.1", port: 0))
    configuration.largestBody = 4 << 20
    let server = try Server(configuration) { request in
      .text("\(request.method) \(hexadecimal(SHA256.hash(request.body)))")
    }
    let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0) }
    var request = HTTPRequest("PUT", "http://127.0.0.1:\(server.port ?? 0)/")
    for count in [3_000_001, 1, 0] {
      request.bodySource = Counting(size: Int64(count))
      let response = try await client.request(request)
      let hash = hexadecimal(SHA256.hash(bytes.prefix(count)))
      #expect(String(decoding: response.body, as: UTF8.self) == "PUT \(hash)")
    }
    request.bodySource = Counting(size: 3_000_001, end: 1_000_000)
    let error = await #expect(throws: HTTPError.self) { try await client.request(request) }
    #expect(error?.kind == .invalidRequest)
    await server.stop()
  }

  @Test func `SHOUTcast's ICY reply is an answer`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("ICY 200 OK\r\nicy-br: 128\r\n\r\n\u{1}\u{2}\u{3}")
    }
    let response = try await client.request(HTTPRequest("GET", server.url))
    #expect(response.head.isICY)
    #expect(response.headers["icy-br"] == "128")
    #expect(response.body == [1, 2, 3])
  }

  @Test func `a request carries its method, headers, body and user agent`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.1 204 No Content\r\n\r\n")
    }
    var request = HTTPRequest("PUT", server.url + "a/b?c=d")
    request.headers = ["X-Empty": "", "Icy-MetaData": "1"]
    request.body = Array("{}".utf8)
    request.userAgent = "Test/1"
    request.credentials = HTTPCredentials(user: "anna", password: "s3cret")
    #expect(try await client.request(request).status == 204)
    let head = try #require(server.received.first)
    #expect(head.hasPrefix("PUT /a/b?c=d HTTP/1.1\r\n"))
    for line in [
      "Icy-MetaData: 1", "X-Empty:", "Content-Length: 2", "User-Agent: Test/1",
      "Authorization: Basic YW5uYTpzM2NyZXQ=",
    ] {
      #expect(head.contains("\r\n\(line)\r\n"), "\(line) in \(head)")
    }
    #expect(!head.contains("Expect"))
  }

  @Test func `credentials do not follow a redirect to another host`() async throws {
    let other = try RawServer { connection, _ in
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    }
    let target = "http://localhost:\(other.port)/there"
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.1 302 Found\r\nLocation: \(target)\r\nContent-Length: 0\r\n\r\n")
    }
    var request = HTTPRequest("GET", server.url)
    request.credentials = HTTPCredentials(user: "anna", password: "s3cret")
    request.headers = ["Cookie": "session=1"]
    let response = try await client.request(request)
    #expect(response.head.url == target)
    #expect(server.received.first?.contains("Authorization: Basic") == true)
    let head = try #require(other.received.first)
    #expect(!head.contains("Authorization"))
    #expect(!head.contains("Cookie"))
  }

  @Test(arguments: [
    ("file:///etc/passwd", HTTPError.Kind.redirect), ("gopher://127.0.0.1/", .redirect),
    ("/again", .redirect),
  ])
  func `a redirect that must not be followed is an error`(
    location: String, kind: HTTPError.Kind
  ) async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
    }
    await expectFailure(kind) { try await client.request(HTTPRequest("GET", server.url)) }
    #expect(server.received.count <= 6)
  }

  @Test func `a failed status is an error, with the wait that the server asks for`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno")
    }
    let error = await #expect(throws: HTTPError.self) {
      try await client.request(HTTPRequest("GET", server.url))
    }
    #expect(error?.kind == .status(503))
    #expect(error?.retryAfter == .seconds(7))

    var lenient = HTTPRequest("GET", server.url)
    lenient.acceptsAnyStatus = true
    let response = try await client.request(lenient)
    #expect(response.status == 503)
    #expect(response.body == Array("no".utf8))
  }

  @Test(arguments: [
    ("a name that does not exist", "http://nowhere.invalid/", HTTPError.Kind.dns),
    ("no name at all", "http://", .invalidRequest),
    ("another scheme", "ftp://127.0.0.1/", .invalidRequest),
    ("a broken line", "http://127.0.0.1/\r\nX: y", .invalidRequest),
    ("a port where nobody listens", "http://127.0.0.1:1/", .refused),
    ("the broadcast address", "http://255.255.255.255/", .unreachable),
  ])
  func `an address that cannot be reached says why`(
    name: String, url: String, kind: HTTPError.Kind
  ) async {
    await expectFailure(kind) { try await client.request(HTTPRequest("GET", url)) }
  }

  @Test(arguments: [
    (
      "cut in the middle", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
      HTTPError.Kind.interrupted
    ),
    ("nothing said", "", .interrupted),
    ("no status line", "<html>hello</html>\r\n\r\n", .protocolViolation),
    ("too long by its own word", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", .tooLarge),
    ("too long", "HTTP/1.0 200 OK\r\n\r\n" + String(repeating: "x", count: 30), .tooLarge),
  ])
  func `a broken answer is told apart`(
    name: String, answer: String, kind: HTTPError.Kind
  ) async throws {
    let server = try RawServer { connection, _ in connection.send(answer) }
    var request = HTTPRequest("GET", server.url)
    request.largestBody = 20
    let sent = request
    await expectFailure(kind) { try await client.request(sent) }
  }

  @Test func `a server that accepts and stays silent is a timeout or a stall`() async throws {
    let server = try RawServer { connection, _ in connection.waitForClose() }
    await expectFailure(.timeout) {
      try await client.request(HTTPRequest("GET", server.url, timeout: .milliseconds(150)))
    }
    var request = HTTPRequest("GET", server.url, timeout: nil)
    request.stallTimeout = .seconds(1)
    let sent = request
    await expectFailure(.stalled) { try await client.request(sent) }
  }

  @Test func `cancelling the task ends the request`() async throws {
    let server = try RawServer { connection, _ in connection.waitForClose() }
    let task = Task { try await client.request(HTTPRequest("GET", server.url)) }
    try await eventually("the request has arrived") { !server.received.isEmpty }
    task.cancel()
    await expectFailure(.cancelled) { try await task.value }
  }

  @Test func `a stopped client cancels what runs and what comes`() async throws {
    let server = try RawServer { connection, _ in connection.waitForClose() }
    let client = HTTPClient()
    let task = Task { try await client.request(HTTPRequest("GET", server.url)) }
    try await eventually("the request has arrived") { !server.received.isEmpty }
    client.stop()
    await expectFailure(.cancelled) { try await task.value }
    await expectFailure(.cancelled) { try await client.request(HTTPRequest("GET", server.url)) }
  }

  @Test func `the size limit counts what a compressed body unpacks to`() async throws {
    let nginx = try await NginxServer.start(serverLines: ["gzip on;", "gzip_types *;"])
    let folder = nginx.folder
    try DurableFile.write([UInt8](repeating: 0, count: 4 << 20), to: folder + "/zeros")
    var request = HTTPRequest("GET", nginx.url("zeros"))
    let whole = try await client.request(request)
    #expect(whole.headers["Content-Encoding"] == "gzip")
    #expect(whole.body.count == 4 << 20)
    request.largestBody = 1 << 20
    let limited = request
    await expectFailure(.tooLarge) { try await client.request(limited) }
    request.acceptsCompression = false
    let plain = request
    await expectFailure(.tooLarge) { try await client.request(plain) }
    await nginx.kill()
  }

  @Test func `no error shows a password or a query value`() async throws {
    let error = await #expect(throws: HTTPError.self) {
      try await client.request(HTTPRequest("GET", "http://anna:s3cret@127.0.0.1:1/x?key=t0ken"))
    }
    let text = "\(try #require(error))"
    #expect(text.contains("127.0.0.1:1/x"))
    #expect(!text.contains("s3cret") && !text.contains("t0ken"))
  }

  private func expectFailure(
    _ kind: HTTPError.Kind, _ body: () async throws -> some Any,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let error = await #expect(throws: HTTPError.self, sourceLocation: sourceLocation) {
      _ = try await body()
    }
    #expect(error?.kind == kind, "\(error?.description ?? "")", sourceLocation: sourceLocation)
  }
}
