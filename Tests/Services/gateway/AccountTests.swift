import Base
import Glibc
import HTTPClient
import Storage
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("Logging in", .timeLimit(.minutes(10)))
struct AccountTests {
  @Test func `a session opens what is closed, until it is ended`() async throws {
    let gateway = try await TestGateway()
    #expect(try await gateway.send("GET", "/api/v1/session").status == 401)
    let browser = try await gateway.browser()
    let me = try await browser.send("GET", "/api/v1/session")
    #expect(me.text == #"{"hasFirstPassword":false,"name":"admin"}"#)
    #expect(try await browser.send("DELETE", "/api/v1/session").status == 204)
    #expect(try await browser.send("GET", "/api/v1/session").status == 401)
    await gateway.stop()
  }

  @Test func `the cookie is out of reach of scripts and other sites`() async throws {
    let login = #"{"name":"admin","password":"\#(TestGateway.password)"}"#
    let gateway = try await TestGateway()
    let response = try await gateway.send("POST", "/api/v1/session", login)
    let cookie = try #require(response.headers["Set-Cookie"])
    #expect(cookie.hasPrefix("airloom="))
    #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax"))
    await gateway.stop()

    let secure = try await TestGateway(adjust: { $0.isBehindTLSProxy = true })
    let second = try await secure.send("POST", "/api/v1/session", login)
    let secureCookie = try #require(second.headers["Set-Cookie"])
    #expect(secureCookie.hasPrefix("__Host-airloom="))
    #expect(secureCookie.hasSuffix("; HttpOnly; SameSite=Lax; Secure"))
    #expect(second.headers["Strict-Transport-Security"] != nil)
    await secure.stop()
  }

  @Test func `neither a session's secret nor a token's stands in the database`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let token = try await browser.send("POST", "/api/v1/tokens", #"{"name":"cron"}"#).text
    let secret = try #require(token.firstMatch(of: /airloom_([0-9a-f]{64})/)?.1)
    try await gateway.database.backup(to: gateway.folder("copy"))
    let bytes = try DurableFile.read(gateway.folder("copy"))
    for canary in [browser.cookie.dropFirst(8), secret, TestGateway.password[...]] {
      #expect(bytes.firstRange(of: Array(canary.utf8)) == nil)
    }
    await gateway.stop()
  }

  @Test func `an unknown name and a wrong password are answered alike`() async throws {
    let gateway = try await TestGateway()
    var answers: [String] = []
    for name in ["admin", "nobody"] {
      let response = try await gateway.send(
        "POST", "/api/v1/session", #"{"name":"\#(name)","password":"wrong"}"#)
      answers.append("\(response.status) \(response.text)")
    }
    #expect(answers[0] == answers[1])
    #expect(answers[0].hasPrefix("401 "))
    await gateway.stop()
  }

  @Test func `guessing is slowed down, and locks out nobody at another address`() {
    var limiter = LoginLimiter()
    var now = Monotonic(nanoseconds: 0)
    for _ in 0..<5 {
      let wait = limiter.wait(account: "admin", peer: "a", now: now)
      #expect(wait == nil)
    }
    let refused = limiter.wait(account: "admin", peer: "a", now: now)
    #expect(refused == .seconds(20))
    let elsewhere = limiter.wait(account: "admin", peer: "b", now: now)
    #expect(elsewhere == nil)
    // Other names from the same address: until the address itself is through.
    var tries = 0
    while limiter.wait(account: "x\(tries)", peer: "a", now: now) == nil { tries += 1 }
    #expect(tries == 15)
    now = now + .seconds(20)
    let afterAWhile = limiter.wait(account: "admin", peer: "a", now: now)
    #expect(afterAWhile == nil)
    let atOnce = limiter.wait(account: "admin", peer: "a", now: now)
    #expect(atOnce != nil)
    limiter.succeeded(account: "admin", peer: "a")
    let known = limiter.wait(account: "admin", peer: "a", now: now)
    #expect(known == nil)
  }

  @Test func `too many tries are told how long to wait`() async throws {
    let gateway = try await TestGateway()
    var last: HTTPResponse?
    for _ in 0..<6 {
      last = try await gateway.send(
        "POST", "/api/v1/session", #"{"name":"admin","password":"wrong"}"#)
    }
    #expect(last?.status == 429)
    #expect(last?.headers["Retry-After"].flatMap { Int($0) } ?? 0 > 0)
    await gateway.stop()
  }

  @Test func `a session ends when it is idle, and at last in any case`() async throws {
    let time = ManualTimeSource()
    let gateway = try await TestGateway(time: time)
    let browser = try await gateway.browser()
    for _ in 0..<16 {
      time.advance(by: .seconds(10 * 3600))
      #expect(try await browser.send("GET", "/api/v1/session").status == 200)
    }
    time.advance(by: .seconds(10 * 3600))
    #expect(try await browser.send("GET", "/api/v1/session").status == 401)
    let second = try await gateway.browser()
    time.advance(by: .seconds(13 * 3600))
    #expect(try await second.send("GET", "/api/v1/session").status == 401)
    await gateway.stop()
  }

  @Test func `the first password lies in a file until it is changed`() async throws {
    let gateway = try await TestGateway(adjust: { $0.adminPassword = nil })
    let path = gateway.folder("first-password")
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    let first = try gateway.folder.text("first-password").filter { !$0.isNewline }
    #expect(first.count == 23)
    let browser = Browser(gateway: gateway, cookie: try await gateway.logIn(password: first))
    let other = Browser(gateway: gateway, cookie: try await gateway.logIn(password: first))
    #expect(try await browser.send("GET", "/api/v1/session").text.contains("true"))

    func change(_ old: String, _ new: String) async throws -> HTTPResponse {
      try await browser.send(
        "PUT", "/api/v1/password", #"{"password":"\#(old)","newPassword":"\#(new)"}"#)
    }
    let short = try await change(first, "short")
    #expect(short.status == 422 && short.text.contains(#""field":"newPassword""#))
    let wrong = try await change("wrong", "long enough")
    #expect(wrong.status == 422 && wrong.text.contains(#""field":"password""#))
    #expect(try await change(first, "long enough").status == 204)
    #expect(access(path, F_OK) != 0)
    #expect(try await browser.send("GET", "/api/v1/session").text.contains("false"))
    // Whoever was logged in elsewhere has to log in anew.
    #expect(try await other.send("GET", "/api/v1/session").status == 401)
    _ = try await gateway.logIn(password: "long enough")
    await gateway.stop()
  }

  @Test func `a first password that was lost with its database row is made anew`() async throws {
    let folder = try TemporaryFolder()
    try folder.file("first-password", "left by a start that was killed\n")
    let database = try Database(path: folder("db"), schemas: [GatewaySchema.schema])
    let accounts = try await Accounts(
      settings: GatewaySettings(home: folder.path), database: database, time: SystemTimeSource())
    try await accounts.prepareFirstAdministrator(log: .silent)
    let password = try folder.text("first-password").filter { !$0.isNewline }
    _ = try await accounts.logIn(name: "admin", password: password, peer: "", agent: "")
    // A second start changes nothing.
    try await accounts.prepareFirstAdministrator(log: .silent)
    #expect(try folder.text("first-password").contains(password))
  }

  @Test func `a token serves scripts until it is revoked, and cannot make others`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let made = try await browser.send("POST", "/api/v1/tokens", #"{"name":"cron job"}"#)
    #expect(made.status == 201)
    let secret = try #require(made.text.firstMatch(of: /"token":"(airloom_[0-9a-f]{64})"/)?.1)
    let id = try #require(made.text.firstMatch(of: /"id":"([0-9a-f]+)"/)?.1)
    let bearer = [("Authorization", "Bearer \(secret)")]
    #expect(try await gateway.send("GET", "/api/v1/streams", headers: bearer).status == 200)
    let again = try await gateway.send(
      "POST", "/api/v1/tokens", #"{"name":"x"}"#, headers: bearer)
    #expect(again.status == 403)
    #expect(try await !browser.send("GET", "/api/v1/tokens").text.contains(secret))
    #expect(try await browser.send("DELETE", "/api/v1/tokens/\(id)").status == 204)
    #expect(try await gateway.send("GET", "/api/v1/streams", headers: bearer).status == 401)
    await gateway.stop()
  }

  @Test func `sessions are listed and can be ended from another one`() async throws {
    let gateway = try await TestGateway()
    let first = try await gateway.browser()
    let second = try await gateway.browser()
    let list = try await first.send("GET", "/api/v1/sessions").text
    let ids = list.matches(of: /"id":"([0-9a-f]+)","isCurrent":false/).map { String($0.1) }
    #expect(ids.count == 1)
    #expect(try await first.send("DELETE", "/api/v1/sessions/\(ids[0])").status == 204)
    #expect(try await second.send("GET", "/api/v1/session").status == 401)
    #expect(try await first.send("GET", "/api/v1/session").status == 200)
    await gateway.stop()
  }
}
