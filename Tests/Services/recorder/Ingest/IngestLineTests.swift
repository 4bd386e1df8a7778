import Base
import Glibc
import HTTPClient
import Media
import Messages
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

/// What an ingest holds, in this process, with sources that bring exactly what a test says.
struct IngestLineTests {
  private func line(_ bytes: Int, sent: Bool = true) -> IngestLine {
    let connection = CaptureConnection(time: SystemTimeSource()) { _ in }
    let line = IngestLine(
      number: 1, request: [], connection: connection, credit: IngestLimits.window)
    if !sent { line.orphan() }
    give(bytes, to: line)
    return line
  }

  private func give(_ count: Int, to line: IngestLine) {
    [UInt8](repeating: 7, count: count).withUnsafeBytes {
      _ = line.connection.receive($0, at: Instant(seconds: 5))
    }
  }

  private func send(_ line: IngestLine) -> [IngestFrame] {
    var output = IngestEncoder()
    _ = line.send(to: &output, limit: .max)
    var decoder = IngestDecoder()
    output.bytes.withUnsafeBytes { decoder.feed($0) }
    var frames: [IngestFrame] = []
    while let frame = try? decoder.next() { frames.append(frame) }
    return frames
  }

  @Test func `Without a recorder nothing is dropped: what has no room stays with the source`() {
    let line = line(60_000, sent: false)
    line.collect(room: 100_000)
    give(60_000, to: line)
    line.collect(room: 100_000)
    give(5000, to: line)
    // It is full; what came last waits in the connection, and beyond its mark the source waits.
    line.collect(room: 100_000)
    #expect(line.log.count == 120_000 && line.isComplete)
    line.adopt()
    line.allow(upTo: .max)
    #expect(length(of: send(line)) == 120_000)
    line.release(before: 119_000, [1])
    line.collect(room: 100_000)
    #expect(line.log.start == 119_000 && line.log.end == 125_000 && line.isComplete)
  }

  @Test func `What the recorder has had makes way for what it has not, and that is told`() {
    let line = line(90_000)
    line.collect(room: 100_000)
    #expect(length(of: send(line)) == 90_000)
    give(20_000, to: line)
    line.collect(room: 100_000)
    give(10_000, to: line)
    line.collect(room: 100_000)
    #expect(line.log.end == 120_000 && line.log.count < 100_000 && !line.isComplete)
    #expect(length(of: send(line)) == 30_000)
    // Nothing can go on from there, until the recorder has stored what it was sent.
    #expect(!line.held.isComplete)
    line.release(before: 110_000, [1])
    #expect(line.isComplete && line.log.start == 110_000)
  }

  @Test func `No more is sent than the recorder allows`() {
    let line = line(50_000)
    line.collect(room: 1 << 20)
    line.orphan()
    line.adopt()
    line.allow(upTo: 20_000)
    #expect(length(of: send(line)) == 20_000)
    #expect(send(line) == [])
    line.allow(upTo: 60_000)
    #expect(length(of: send(line)) == 30_000)
  }

  @Test func `An end is told after the last byte, and again to the next recorder`() {
    let line = line(1000)
    line.connection.finish(.byFailure(.closed))
    line.collect(room: 1 << 20)
    let frames = send(line)
    #expect(length(of: frames) == 1000)
    guard case .end(1, let reason) = frames.last else {
      Issue.record("\(frames.count) frames and no end")
      return
    }
    #expect(IngestJSON.value(IngestEnd.self, reason)?.failure == .closed)
    #expect(send(line) == [])
    line.orphan()
    line.adopt()
    line.allow(upTo: .max)
    #expect(send(line).last == frames.last)
  }

  private func length(of frames: [IngestFrame]) -> Int {
    frames.reduce(0) { sum, frame in
      if case .bytes(_, _, _, _, let bytes) = frame { sum + bytes.count } else { sum }
    }
  }

  // MARK: - Over its socket

  /// A source that is there and says nothing but what it is given.
  private final class Source: SourceOpener {
    let connections = Mutex<[String: CaptureConnection]>([:])

    struct Transfer: SourceTransfer {
      func cancel() {}
      func resume() {}
    }

    func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer {
      connections.withLock { $0[request.url] = connection }
      return Transfer()
    }
  }

  private struct Running: @unchecked Sendable {
    let server: IngestServer
  }

  @Test func `The newest recorder has all lines; whoever says so ends the process`() async throws {
    let folder = try TemporaryFolder()
    let source = Source()
    let running = Running(
      server: try IngestServer(
        path: folder("i.sock"), opener: source, limits: IngestLimits(), build: "test"))
    let ended = Mutex<String?>(nil)
    let ending: @Sendable (String) -> Void = { reason in ended.withLock { $0 = reason } }
    BackgroundThread(named: "ingest-test") { ending(running.server.run()) }.start()
    defer { unlink(folder("i.sock")) }

    let first = try IngestLink(path: folder("i.sock"), build: "test", log: .silent)
    #expect(await first.greeting(within: .seconds(20))?.build == "test")
    let taken = CaptureConnection(time: SystemTimeSource()) { _ in }
    let request = IngestRequest(
      SourceRequest(
        stream: .radio, url: "http://station/", addresses: ["http://station/"],
        http: .endless("http://station/")))
    let transfer = try #require(first.open(request, into: taken))
    let connection = try await eventually("the line is opened") {
      source.connections.withLock { $0["http://station/"] }
    }
    connection.receive(
      HTTPHead(status: 200, headers: ["Content-Type": "audio/mpeg"], url: "http://station/"))
    for number in 0..<50 {
      [UInt8](repeating: UInt8(number), count: 1000).withUnsafeBytes {
        _ = connection.receive($0, at: SystemTimeSource().now())
      }
    }
    var received: [UInt8] = []
    var head: HTTPHead?
    try await eventually("all has come") {
      let batch = taken.take()
      head = head ?? batch.head
      received += batch.bytes
      return received.count >= 50_000
    }
    #expect(head?.headers["content-type"] == "audio/mpeg")
    #expect(received == (0..<50).flatMap { [UInt8](repeating: $0, count: 1000) })
    let bookmark = LineBookmark(sequence: 3, icyRest: nil, joins: true, title: "A title")
    transfer.release(LineMarks.Mark(offset: 20_000, bookmark: bookmark))

    // A second recorder comes while the first one is still there.
    let second = try IngestLink(path: folder("i.sock"), build: "test", log: .silent)
    let held = try #require(await second.greeting(within: .seconds(20))?.held.first)
    #expect(held.bookmark == bookmark && held.request == request)
    #expect(held.state.start == 20_000 && held.state.end == 50_000)
    try await eventually("the first one is let go of") { !first.isUp }
    #expect(taken.take().end != nil)
    let adopted = CaptureConnection(time: SystemTimeSource()) { _ in }
    _ = try #require(second.adopt(held, into: adopted))
    var again: [UInt8] = []
    try await eventually("what was not released has come again") {
      again += adopted.take().bytes
      return again.count >= 30_000
    }
    #expect(again == Array(received[20_000...]))
    second.quit()
    try await eventually("it has ended") { ended.withLock { $0 } != nil }
  }
}
