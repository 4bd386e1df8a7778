import Base
import Glibc
import HTTPClient
import Synchronization
import TestSupport
import Testing

@Suite("Streaming a body", .timeLimit(.minutes(1)))
struct HTTPStreamTests {
  private let client = HTTPClient()

  @Test func `the head comes before any byte of the body`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n")
      connection.waitForClose()
    }
    let stream = try await client.stream(.endless(server.url))
    #expect(stream.head.headers["content-type"] == "audio/mpeg")
    stream.cancel()
    let error = await #expect(throws: HTTPError.self) { try await stream.next() }
    #expect(error?.kind == .cancelled)
  }

  @Test func `a slow reader slows the sender and loses nothing`() async throws {
    let sent = Atomic<Int>(0)
    let total = 64 << 20
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.0 200 OK\r\n\r\n")
      var value: UInt8 = 0
      while sent.load(ordering: .relaxed) < total {
        let piece = [UInt8](repeating: value, count: 64 << 10)
        guard connection.send(piece) else { return }
        sent.add(piece.count, ordering: .relaxed)
        value &+= 1
      }
    }
    let stream = try await client.stream(.endless(server.url))
    _ = try await stream.next()
    // The sender must come to rest long before all is sent: what it has sent stays the same for
    // as long as nobody reads.
    var previous = -1
    var unchanged = 0
    try await eventually("the sender rests") {
      let current = sent.load(ordering: .relaxed)
      unchanged = current == previous ? unchanged + 1 : 0
      previous = current
      return unchanged >= 10
    }
    #expect(previous < total / 2)

    var received = 16 << 10
    var last: UInt8 = 0
    var isInOrder = true
    for try await chunk in stream {
      received += chunk.bytes.count
      for byte in chunk.bytes.lazy.filter({ $0 != last }) {
        isInOrder = isInOrder && byte == last &+ 1
        last = byte
      }
    }
    #expect(received >= total && received <= total + (16 << 10))
    #expect(isInOrder)
    #expect(last == UInt8(truncatingIfNeeded: (total >> 16) - 1))
  }

  @Test func `chunks carry when they arrived`() async throws {
    let time = ManualTimeSource(now: Instant(seconds: 1000))
    let client = HTTPClient(time: time)
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.0 200 OK\r\n\r\nabc")
    }
    let stream = try await client.stream(.endless(server.url))
    let chunk = try await stream.next()
    #expect(chunk?.bytes == Array("abc".utf8))
    #expect(chunk?.receivedAt == Instant(seconds: 1000))
    #expect(try await stream.next() == nil)
  }

  @Test func `a failed status throws in place of a stream`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.0 404 Not Found\r\n\r\n")
    }
    let error = await #expect(throws: HTTPError.self) {
      try await client.stream(.endless(server.url))
    }
    #expect(error?.kind == .status(404))
  }

  @Test func `what came before the connection broke is given out first`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    }
    let stream = try await client.stream(.endless(server.url))
    var bytes: [UInt8] = []
    let error = await #expect(throws: HTTPError.self) {
      for try await chunk in stream { bytes += chunk.bytes }
    }
    #expect(error?.kind == .interrupted)
    #expect(bytes == Array("half".utf8))
  }

  @Test func `letting go of a stream closes its connection`() async throws {
    let isClosed = Atomic<Bool>(false)
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.0 200 OK\r\n\r\n")
      connection.waitForClose()
      isClosed.store(true, ordering: .relaxed)
    }
    do { _ = try await client.stream(.endless(server.url)) }
    try await eventually("the connection is closed") { isClosed.load(ordering: .relaxed) }
  }

  @Test func `three hundred streams run at once on one thread`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.0 200 OK\r\n\r\n")
      for _ in 0..<20 { connection.send([UInt8](repeating: 7, count: 4096)) }
    }
    let sinks = (0..<300).map { _ in CountingSink() }
    for sink in sinks { client.start(.endless(server.url), into: sink) }
    for sink in sinks {
      try await eventually("it has ended") { sink.isFinished }
      #expect(sink.count == 20 * 4096)
    }
  }

  @Test func `a sink that pauses gets no more until it resumes`() async throws {
    let server = try RawServer { connection, _ in
      connection.send("HTTP/1.0 200 OK\r\n\r\n")
      connection.send([UInt8](repeating: 7, count: 1 << 20))
    }
    let sink = CountingSink(pausesAfterEach: true)
    let transfer = client.start(.endless(server.url), into: sink)
    var chunks = 0
    while !sink.isFinished {
      while sink.chunks == chunks && !sink.isFinished { await Task.yield() }
      #expect(sink.chunks <= chunks + 1)
      chunks = sink.chunks
      transfer.resume()
    }
    #expect(sink.count == 1 << 20)
    #expect(chunks > 16)
  }
}

private final class CountingSink: HTTPSink {
  private let state = Mutex((count: 0, chunks: 0, isFinished: false))
  private let pausesAfterEach: Bool

  init(pausesAfterEach: Bool = false) { self.pausesAfterEach = pausesAfterEach }

  var count: Int { state.withLock { $0.count } }
  var chunks: Int { state.withLock { $0.chunks } }
  var isFinished: Bool { state.withLock { $0.isFinished } }

  func receive(_ head: HTTPHead) {}

  func receive(_ bytes: UnsafeRawBufferPointer, at arrival: Instant) -> HTTPFlow {
    state.withLock {
      $0.count += bytes.count
      $0.chunks += 1
    }
    return pausesAfterEach ? .pause : .proceed
  }

  func finish(_ error: HTTPError?) { state.withLock { $0.isFinished = true } }
}
