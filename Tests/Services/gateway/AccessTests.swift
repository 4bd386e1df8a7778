import HTTPClient
import HTTPServer
import Testing

@testable import airloom_gateway

@Suite("Who may reach what", .timeLimit(.minutes(10)))
struct AccessTests {
  private static let open: Set<String> = [
    "GET /healthz", "GET /metrics", "GET /login", "POST /api/v1/session", "GET /assets/login.html",
    "GET /assets/login.js", "GET /assets/style.css", "GET /assets/icon.svg",
  ]

  @Test func `every route but those named here is closed to strangers`() async throws {
    let gateway = try await TestGateway()
    let routes = gateway.service.router.router.routes
    #expect(routes.count > 30)
    for route in routes {
      let path = route.pattern.replacing(/\{[^}]*\}/, with: "x")
      let response = try await gateway.send(route.method, path)
      let isOpen = Self.open.contains("\(route.method) \(route.pattern)")
      if route.pattern == "/" {
        #expect(response.status == 303 && response.headers["Location"] == "/login")
      } else if isOpen {
        #expect(response.status != 401 && response.status != 403, "\(route.method) \(path)")
      } else {
        #expect(response.status == 401, "\(route.method) \(path)")
      }
    }
    await gateway.stop()
  }

  @Test func `numbers and faults are for whoever is on the machine`() async throws {
    let gateway = try await TestGateway()
    #expect(try await gateway.send("GET", "/metrics").text == "up 1\n")
    #expect(try await gateway.send("GET", "/healthz").text.contains("components"))
    let proxied = [("X-Forwarded-For", "203.0.113.7")]
    #expect(try await gateway.send("GET", "/metrics", headers: proxied).status == 404)
    let health = try await gateway.send("GET", "/healthz", headers: proxied)
    #expect(health.status == 200 && health.text == #"{"status":"ok"}"#)
    await gateway.stop()
  }

  @Test func `every answer forbids what a page need not do`() async throws {
    let gateway = try await TestGateway()
    for path in ["/login", "/nothing", "/api/v1/streams"] {
      let response = try await gateway.send("GET", path)
      let policy = try #require(response.headers["Content-Security-Policy"])
      for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        #expect(policy.contains(rule))
      }
      #expect(!policy.contains("unsafe"))
      #expect(response.headers["X-Content-Type-Options"] == "nosniff")
      #expect(response.headers["Cache-Control"] != nil)
    }
    await gateway.stop()
  }

  @Test(
    arguments: [
      ("from our page", [("Origin", "SELF")], 422), ("by a script without a word", [], 403),
      ("same origin by the browser's word", [("Sec-Fetch-Site", "same-origin")], 422),
      (
        "behind a proxy that renames the host",
        [("Sec-Fetch-Site", "same-origin"), ("Origin", "https://airloom.example")], 422
      ),
      ("from another site", [("Origin", "http://evil.example")], 403),
      ("from nowhere, as a sandboxed frame says", [("Origin", "null")], 403),
      ("from a sister host", [("Sec-Fetch-Site", "same-site"), ("Origin", "SELF")], 403),
      ("from another port", [("Origin", "http://127.0.0.1:1")], 403),
      ("as a form's text", [("Origin", "SELF"), ("Content-Type", "text/plain")], 415),
    ] as [(String, [(String, String)], Int)])
  func `a change asked for with the cookie`(
    name: String, headers: [(String, String)], status: Int
  ) async throws {
    let gateway = try await TestGateway()
    var request = HTTPRequest("POST", gateway.origin + "/api/v1/streams")
    request.acceptsAnyStatus = true
    request.body = Array("{}".utf8)
    request.headers = ["Cookie": try await gateway.logIn()]
    if !headers.contains(where: { $0.0 == "Content-Type" }) {
      request.headers.append("Content-Type", "application/json")
    }
    for (name, value) in headers {
      request.headers.append(name, value == "SELF" ? gateway.origin : value)
    }
    #expect(try await gateway.client.request(request).status == status)
    await gateway.stop()
  }

  @Test(
    arguments: [
      ("1.2.3.4", true, "1.2.3.4"), ("6.6.6.6, 1.2.3.4", true, "1.2.3.4"),
      ("1.2.3.4", false, "peer"), (nil, true, "peer"),
    ] as [(String?, Bool, String)])
  func `the peer is whom the proxy itself has seen`(
    header: String?, isBehind: Bool, peer: String
  ) {
    let headers = header.map { [(name: "X-Forwarded-For", value: $0)] } ?? []
    let request = Request(method: "GET", path: "/", headers: headers, peer: "peer")
    #expect(PeerAddress.of(request, isBehindProxy: isBehind) == peer)
  }
}
