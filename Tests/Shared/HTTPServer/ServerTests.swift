import Base
import Glibc
import HTTPClient
import HTTPServer
import Subprocess
import Synchronization
import TestSupport
import Testing

@Suite("The HTTP server", .timeLimit(.minutes(1)))
struct ServerTests {
  private let client = HTTPClient()

  @Test func `a handler sees the whole request and its answer comes back`() async throws {
    let server = try await Running { request in
      let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
      return .text(
        "\(request.method) \(request.path) \(query) \(request.header("x-a") ?? "")"
          + " \(request.peer) \(String(decoding: request.body, as: UTF8.self))")
    }
    var request = HTTPRequest("POST", server.url("/a%2Fb?q=1+2&r=%C3%A9&empty"))
    request.headers = ["X-A": "yes"]
    request.body = Array("the body".utf8)
    let response = try await client.request(request)
    #expect(
      String(decoding: response.body, as: UTF8.self)
        == "POST /a%2Fb q=1 2,r=é,empty= yes 127.0.0.1 the body")
    await server.stop()
  }

  @Test func `a slow handler holds up nobody`() async throws {
    let gate = Gate()
    let server = try await Running { request in
      if request.path == "/slow" { await gate.wait() }
      return .text(request.path)
    }
    let slow = (0..<40).map { _ in
      Task { try await client.request(HTTPRequest("GET", server.url("/slow"))).status }
    }
    try await eventually("all slow requests are in their handler") { gate.waiters == 40 }
    #expect(try await client.request(HTTPRequest("GET", server.url("/quick"))).status == 200)
    gate.open()
    for task in slow { #expect(try await task.value == 200) }
    await server.stop()
  }

  @Test(arguments: [true, false])
  func `a body over the limit is refused`(saysItsLength: Bool) async throws {
    let server = try await Running(.loopback(\.largestBody, 1000)) { _ in .text("taken") }
    var request = HTTPRequest("POST", server.url("/"))
    request.acceptsAnyStatus = true
    request.body = [UInt8](repeating: 1, count: 1000)
    #expect(try await client.request(request).status == 200)
    request.body.append(1)
    if !saysItsLength { request.headers = ["Transfer-Encoding": "chunked"] }
    #expect(try await client.request(request).status == 413)
    await server.stop()
  }

  @Test func `a path may take larger bodies than the others`() async throws {
    let server = try await Running(.loopback(\.largerBodies, ["/import": 2 << 20])) { request in
      .text("\(request.body.count)")
    }
    var request = HTTPRequest("POST", server.url("/import?x=1"))
    request.acceptsAnyStatus = true
    request.body = [UInt8](repeating: 1, count: 2 << 20)
    #expect(try await client.request(request).body == Array("2097152".utf8))
    request.body.append(1)
    #expect(try await client.request(request).status == 413)
    request.url = server.url("/other")
    #expect(try await client.request(request).status == 413)
    await server.stop()
  }

  @Test func `whoever may not send a larger body is told before it is taken`() async throws {
    var configuration = Server.Configuration.loopback(\.largerBodies, ["/import": 4 << 20])
    configuration.admit = { request in
      request.header("Cookie") == nil ? Problem(401, "stranger", "Log in first.").response : nil
    }
    let server = try await Running(configuration) { request in .text("\(request.body.count)") }
    let folder = try TemporaryFolder()
    try folder.file("body", [UInt8](repeating: 1, count: 3 << 20))
    func send(_ options: String...) async throws -> String {
      let format = "|%{http_code} %{size_upload}"
      let arguments = ["-s", "-w", format, "--data-binary", "@\(folder("body"))"] + options
      let run = try await ChildProcess.run(
        ChildCommand(
          try requires(Tool("curl", package: "curl")), arguments + [server.url("/import")]),
        timeout: .seconds(60))
      return String(decoding: run.output, as: UTF8.self)
    }
    // Above 1 MiB curl waits for "100 Continue" before it sends anything.
    #expect(try await send().hasSuffix("|401 0"))
    #expect(try await send("-H", "Expect:").contains("|401 "))
    #expect(try await send("-H", "Cookie: a=b") == "3145728|200 3145728")
    #expect(try await send("-H", "Cookie: a=b", "-H", "Expect:") == "3145728|200 3145728")
    await server.stop()
  }

  @Test func `HEAD gets the headers of GET`() async throws {
    let server = try await Running { _ in .text("twelve bytes") }
    let response = try await client.request(HTTPRequest("HEAD", server.url("/")))
    #expect(response.headers["Content-Length"] == "12")
    #expect(response.body.isEmpty)
    await server.stop()
  }

  @Test func `what the client has already is not sent again`() async throws {
    let server = try await Running { _ in .text("long").with("ETag", "\"v1\"") }
    var request = HTTPRequest("GET", server.url("/"))
    request.headers = ["If-None-Match": "W/\"v0\", \"v1\""]
    #expect(try await client.request(request).status == 304)
    request.headers = ["If-None-Match": "\"v0\""]
    #expect(try await client.request(request).status == 200)
    await server.stop()
  }

  @Test func `every response passes the finisher`() async throws {
    let addPath: Server.Finisher = { $1.headers.append(("X-Path", $0.path)) }
    let server = try await Running(.loopback(\.largestBody, 1), finish: addPath) { _ in
      .noContent
    }
    #expect(
      try await client.request(HTTPRequest("GET", server.url("/a"))).headers["x-path"] == "/a")
    var large = HTTPRequest("POST", server.url("/b"))
    large.body = [1, 2, 3]
    large.acceptsAnyStatus = true
    let refused = try await client.request(large)
    #expect(refused.status == 413)
    #expect(refused.headers["x-path"] == "/b")
    await server.stop()
  }

  @Test func `a port that is taken is an error with a sentence`() async throws {
    let server = try await Running { _ in .noContent }
    let error = #expect(throws: ServerError.self) {
      _ = try Server(.init(server.server.address)) { _ in .noContent }
    }
    #expect(error?.kind == .addressInUse)
    #expect(error?.description.contains("127.0.0.1:\(server.port)") == true)
    await server.stop()
  }

  @Test(arguments: ["nowhere", "300.1.1.1", "192.0.2.1"])
  func `an address that is not ours is an error`(host: String) {
    let error = #expect(throws: ServerError.self) {
      _ = try Server(.init(.tcp(host: host, port: 0))) { _ in .noContent }
    }
    #expect(error?.kind == .badAddress)
  }

  @Test func `a unix socket is for its owner, and replaces what a dead process left`() async throws
  {
    let folder = try TemporaryFolder()
    let path = folder("s.sock")
    for _ in 0..<2 {
      let server = try Server(.init(.unix(path: path))) { request in .text("peer '\(request.peer)'")
      }
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      var request = HTTPRequest("GET", "http://localhost/ping")
      request.unixSocketPath = path
      #expect(try await client.request(request).body == Array("peer ''".utf8))
      let error = #expect(throws: ServerError.self) {
        _ = try Server(.init(.unix(path: path))) { _ in .noContent }
      }
      #expect(error?.kind == .addressInUse)
      await server.stop()
      #expect(access(path, F_OK) != 0)
      // As after kill -9: the name is there, nobody answers.
      let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(left, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      #expect(bound == 0)
      close(left)
    }
  }

  @Test func `nobody listening on a unix socket is told as refused`() async throws {
    var request = HTTPRequest("GET", "http://localhost/")
    request.unixSocketPath = try TemporaryFolder()("none.sock")
    let sent = request
    let error = await #expect(throws: HTTPError.self) { try await client.request(sent) }
    #expect(error?.kind == .refused)
    #expect(error?.description.contains("none.sock") == true)
  }

  @Test func `stopping ends handlers that are cancelled, and gives up on those that are not`()
    async throws
  {
    let gate = Gate()
    let server = try await Running(.loopback(\.grace, .milliseconds(200))) { request in
      if request.path == "/deaf" {
        await gate.wait()
      } else {
        try? await Task.sleep(for: .seconds(60))
      }
      return .text("cancelled: \(Task.isCancelled)")
    }
    let answers = ["/polite", "/deaf"].map { path in
      Task {
        var request = HTTPRequest("GET", server.url(path))
        request.acceptsAnyStatus = true
        return try? await client.request(request)
      }
    }
    try await eventually("both are being handled") {
      gate.waiters == 1 && server.requests == 2
    }
    await server.stop()
    // The polite one may have been answered before its connection was closed, or not.
    if let polite = await answers[0].value {
      #expect(polite.status == 200 && polite.body == Array("cancelled: true".utf8))
    }
    if let deaf = await answers[1].value { #expect(deaf.status == 503) }
    gate.open()
    await #expect(throws: HTTPError.self) {
      try await client.request(HTTPRequest("GET", server.url("/")))
    }
  }

  @Test func `requests of many clients at once all get their own answer`() async throws {
    let server = try await Running(.loopback(\.threads, 2)) { .text($0.path) }
    let right = try await withThrowingTaskGroup(of: Int.self) { group in
      for worker in 0..<32 {
        group.addTask {
          var right = 0
          for number in 0..<50 {
            let path = "/\(worker)/\(number)"
            let response = try await client.request(HTTPRequest("GET", server.url(path)))
            if response.body == Array(path.utf8) { right += 1 }
          }
          return right
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(right == 32 * 50)
    await server.stop()
  }
}
