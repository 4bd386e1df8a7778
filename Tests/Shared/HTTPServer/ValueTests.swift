import HTTPServer
import Testing

@testable import HTTPServer

@Suite("Byte ranges")
struct ByteRangesTests {
  @Test(
    arguments: [
      (nil, ByteRanges.whole), ("bytes=0-9", .parts([0..<10])), ("bytes=90-", .parts([90..<100])),
      ("bytes=-5", .parts([95..<100])), ("bytes=-500", .parts([0..<100])),
      ("bytes=50-500", .parts([50..<100])), ("bytes=0-0, 99-99", .parts([0..<1, 99..<100])),
      ("bytes=0-0,500-", .parts([0..<1])), ("bytes=100-", .unsatisfiable),
      ("bytes=99999999999999999999-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
      ("bytes=0-99999999999999999999", .parts([0..<100])), ("bytes=9-3", .whole),
      ("bytes=", .whole), ("bytes=a-b", .whole), ("bytes=-", .whole), ("bytes=+1-2", .whole),
      ("lines=0-9", .whole),
      ("bytes=" + Array(repeating: "0-1", count: 17).joined(separator: ","), .whole),
    ] as [(String?, ByteRanges)])
  func `a Range header on a hundred bytes`(header: String?, expected: ByteRanges) {
    #expect(ByteRanges(header: header, size: 100) == expected)
  }

  @Test func `nothing of an empty body can be had`() {
    #expect(ByteRanges(header: "bytes=0-", size: 0) == .unsatisfiable)
  }
}

@Suite("Routing")
struct RouterTests {
  private let router = {
    var router = Router()
    for (method, pattern) in [
      ("GET", "/"), ("GET", "/streams"), ("POST", "/streams"), ("GET", "/streams/{id}"),
      ("GET", "/streams/new"), ("GET", "/streams/{id}/file"), ("PUT", "/{kind}/{id}"),
    ] {
      router.add(method, pattern) { _ in .text(pattern) }
    }
    return router
  }()

  @Test(
    arguments: [
      ("GET", "/", "/", [:]), ("GET", "/streams", "/streams", [:]),
      ("GET", "/streams/one", "/streams/{id}", ["id": "one"]),
      ("GET", "/streams/new", "/streams/new", [:]),
      ("HEAD", "/streams/one/file", "/streams/{id}/file", ["id": "one"]),
      ("GET", "/streams/a%2Fb", "/streams/{id}", ["id": "a/b"]),
      ("GET", "/streams/caf%C3%A9", "/streams/{id}", ["id": "café"]),
      ("PUT", "/streams/one", "/{kind}/{id}", ["kind": "streams", "id": "one"]),
    ] as [(String, String, String, [String: String])])
  func `a path finds its route`(
    method: String, path: String, pattern: String, parameters: [String: String]
  ) throws {
    let (route, found) = try router.match(method: method, path: path)
    #expect(route.pattern == pattern)
    #expect(found == parameters)
  }

  @Test(arguments: [
    ("GET", "/nothing", 404), ("GET", "/streams/", 404), ("GET", "//", 404),
    ("GET", "/streams/one/file/", 404), ("DELETE", "/streams", 405), ("GET", "/streams/%zz", 400),
    ("GET", "/streams/a%00b", 400), ("GET", "/streams/%ff", 400),
  ])
  func `a path without a route says so`(method: String, path: String, status: Int) {
    let problem = #expect(throws: Problem.self) {
      try router.match(method: method, path: path)
    }
    #expect(problem?.status == status)
  }

  @Test func `an error that is no problem tells the client nothing`() async {
    struct Secret: Error {}
    var router = Router()
    router.add("GET", "/") { _ in throw Secret() }
    let response = await router.respond(to: Request(method: "GET", path: "/"))
    #expect(response.status == 500)
    guard case .bytes(let bytes) = response.body else { return }
    #expect(!String(decoding: bytes, as: UTF8.self).contains("Secret"))
  }
}

@Suite("Requests and problems")
struct RequestTests {
  @Test func `cookies are found among others`() {
    let request = Request(
      method: "GET", path: "/", headers: [("cookie", "a=1; session=x=y;b=2"), ("Cookie", "c=3")])
    #expect(request.cookie("session") == "x=y")
    #expect(request.cookie("b") == "2")
    #expect(request.cookie("c") == "3")
    #expect(request.cookie("ession") == nil)
  }

  @Test func `the content type is told without its parameters`() {
    let request = Request(
      method: "GET", path: "/", headers: [("Content-type", "Application/JSON ; charset=utf-8")])
    #expect(request.contentType == "application/json")
  }

  @Test func `a problem is JSON whatever its text`() throws {
    let problem = Problem(422, "invalid", "no \"quotes\"\n\u{1}\\", field: "name")
    guard case .bytes(let bytes) = problem.response.body else { return }
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"error":{"code":"invalid","message":"no \"quotes\"\n\u0001\\","field":"name"}}"#)
  }

  @Test func `an event's data may have lines`() {
    #expect(
      EventHub.format(event: "x", data: "a\nb", id: "7")
        == Array("event: x\nid: 7\ndata: a\ndata: b\n\n".utf8))
  }
}
