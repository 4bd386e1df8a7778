import HTTPClient
import HTTPServer
import TestSupport
import Testing

@Suite("Server-sent events", .timeLimit(.minutes(1)))
struct EventTests {
  private let client = HTTPClient()

  @Test func `every listener hears every event in order, and a late one its beginning`()
    async throws
  {
    let hub = EventHub()
    let server = try await Running { _ in
      Self.subscribe(hub, first: EventHub.format(event: "hello", data: "you"))
    }
    let listeners = (0..<20).map { _ in Task { try await Self.listen(client, server) } }
    try await eventually("all listen") { hub.clientCount == 20 }
    for number in 0..<100 { hub.publish(event: "tick", data: "\(number)") }
    hub.close()
    let expected =
      "retry: 2000\n\nevent: hello\ndata: you\n\n"
      + (0..<100).map { "event: tick\ndata: \($0)\n\n" }.joined()
    for listener in listeners { #expect(try await listener.value == expected) }
    try await eventually("all are gone") { hub.clientCount == 0 }
    await server.stop()
  }

  @Test func `a listener that does not read is cut off`() async throws {
    let hub = EventHub(capacity: 64 << 10)
    let server = try await Running { _ in (try? hub.subscribe()) ?? .noContent }
    let stream = try await client.stream(.endless(server.url("/")))
    try await eventually("it listens") { hub.clientCount == 1 }
    // More than the queue and all socket buffers of the kernel hold.
    let data = String(repeating: "x", count: 32 << 10)
    try await eventually("it is cut off") {
      for _ in 0..<100 { hub.publish(event: "x", data: data) }
      return hub.clientCount == 0
    }
    await #expect(throws: HTTPError.self) {
      for try await _ in stream {}
    }
    await server.stop()
  }

  @Test func `a listener that leaves is forgotten at the next event`() async throws {
    let hub = EventHub()
    let server = try await Running { _ in (try? hub.subscribe()) ?? .noContent }
    let stream = try await client.stream(.endless(server.url("/")))
    try await eventually("it listens") { hub.clientCount == 1 }
    stream.cancel()
    try await eventually("it is forgotten") {
      hub.publish(event: "x", data: "y")
      return hub.clientCount == 0
    }
    await server.stop()
  }

  @Test func `listeners beyond the limit are asked to come again`() async throws {
    let hub = EventHub(clientLimit: 1)
    let server = try await Running { _ in
      Self.subscribe(hub)
    }
    let first = try await client.stream(.endless(server.url("/")))
    let error = await #expect(throws: HTTPError.self) {
      try await client.stream(.endless(server.url("/")))
    }
    #expect(error?.kind == .status(503))
    #expect(error?.retryAfter == .seconds(10))
    first.cancel()
    await server.stop()
  }

  @Test func `a server stops while listeners are waiting`() async throws {
    let hub = EventHub()
    let server = try await Running { _ in (try? hub.subscribe()) ?? .noContent }
    let listeners = (0..<50).map { _ in Task { try await Self.listen(client, server) } }
    try await eventually("all listen") { hub.clientCount == 50 }
    await server.stop()
    for listener in listeners { #expect(try await listener.value == "retry: 2000\n\n") }
    #expect(hub.clientCount == 0)
  }

  private static func subscribe(_ hub: EventHub, first: [UInt8] = []) -> Response {
    do throws(Problem) { return try hub.subscribe(first: first) } catch { return error.response }
  }

  private static func listen(_ client: HTTPClient, _ server: Running) async throws -> String {
    var bytes: [UInt8] = []
    for try await chunk in try await client.stream(.endless(server.url("/events"))) {
      bytes += chunk.bytes
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
