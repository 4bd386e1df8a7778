import Base
import Glibc
import HTTPClient
import Media
import Messages
import Synchronization

/// A recorder's connection to one ingest: hands on what its lines bring, each to its own
/// `CaptureConnection`.
///
/// What is said to the ingest goes straight into the socket where there is room, so that it is heard even
/// when this process is killed in the next moment. A thread reads what comes.
final class IngestLink: Sendable {
  private struct Line {
    var connection: CaptureConnection
    var received: Int64
    var credit: Int64
  }

  /// Closed when neither the link nor its thread uses it any more.
  private final class Wire: Sendable {
    let descriptor: Int32

    init(_ path: String) throws(SystemError) { descriptor = try UnixSocket.connect(path) }

    deinit { Glibc.close(descriptor) }
  }

  private struct State {
    var lines: [UInt64: Line] = [:]
    var outgoing = IngestEncoder()
    var held: [IngestFrame.HeldState] = []
    var build: String?
    var isListed = false
    var isUp = true
    var heardAt: Monotonic
    var nextLine: UInt64
  }

  /// Silent for so long, it is taken for hung.
  static let patience = Duration.milliseconds(1500)

  let path: String
  private let wire: Wire
  private let time: any TimeSource
  private let log: Logger
  private let state: Mutex<State>

  /// - Throws: `SystemError` where nobody listens there.
  init(path: String, build: String, log: Logger, time: any TimeSource = SystemTimeSource())
    throws(SystemError)
  {
    self.path = path
    self.log = log
    self.time = time
    wire = try Wire(path)
    let now = time.monotonic()
    state = Mutex(State(heardAt: now, nextLine: UInt64(bitPattern: now.nanoseconds)))
    send(.hello(version: IngestFrame.version, build: build))
    send(.list)
    BackgroundThread(named: "ingest-link") { [weak self, wire] in
      IngestLink.listen(wire) { self }
    }.start()
  }

  /// Ends the thread.
  deinit { shutdown(wire.descriptor, Int32(SHUT_RDWR)) }

  /// What it says of itself, and the lines that it holds; nil where it does not answer in time.
  func greeting(within limit: Duration) async -> (build: String, held: [HeldLine])? {
    let deadline = time.monotonic() + limit
    while time.monotonic() < deadline {
      let (build, states, isUp) = state.withLock { state in
        (state.build, state.isListed ? state.held : nil, state.isUp)
      }
      if let build, let states {
        return (build, states.compactMap { HeldLine($0, on: self) })
      }
      guard isUp else { return nil }
      try? await Task.sleep(for: .milliseconds(5))
    }
    return nil
  }

  var isUp: Bool { state.withLock { $0.isUp } }
  var lineCount: Int { state.withLock { $0.lines.count } }

  /// Since when it has said nothing, where that is too long.
  func silence(_ now: Monotonic) -> Duration? {
    let silence = now - state.withLock { $0.heardAt }
    return silence > IngestLink.patience ? silence : nil
  }

  /// Whether new lines can be trusted to it.
  func isHealthy(_ now: Monotonic) -> Bool { isUp && silence(now) == nil }

  // MARK: - Lines

  /// nil where it is not there any more.
  func open(_ request: IngestRequest, into connection: CaptureConnection) -> IngestTransfer? {
    let number = state.withLock { state -> UInt64? in
      guard state.isUp else { return nil }
      state.nextLine += 1
      state.lines[state.nextLine] = Line(
        connection: connection, received: 0, credit: IngestLimits.window)
      return state.nextLine
    }
    guard let number else { return nil }
    send(.open(line: number, request: IngestJSON.bytes(request)))
    return IngestTransfer(owner: self, line: number)
  }

  /// Everything from the release offset on comes into the connection.
  func adopt(_ held: HeldLine, into connection: CaptureConnection) -> IngestTransfer? {
    let start = held.state.start
    let isUp = state.withLock { state in
      guard state.isUp else { return false }
      state.lines[held.state.line] = Line(
        connection: connection, received: start, credit: start + IngestLimits.window)
      return true
    }
    guard isUp else { return nil }
    send(.credit(line: held.state.line, upTo: start + IngestLimits.window))
    send(.adopt(line: held.state.line))
    return IngestTransfer(owner: self, line: held.state.line)
  }

  func close(_ line: UInt64) {
    state.withLock { _ = $0.lines.removeValue(forKey: line) }
    send(.close(line: line))
  }

  /// The line stays with the ingest, for the next life of this recorder.
  func letGo(_ line: UInt64) { state.withLock { _ = $0.lines.removeValue(forKey: line) } }

  func release(_ line: UInt64, _ mark: LineMarks.Mark) {
    send(
      .release(line: line, offset: mark.offset, bookmark: IngestJSON.bytes(mark.bookmark)))
  }

  func resume(_ line: UInt64) {
    let credit = state.withLock { state -> Int64? in
      guard var found = state.lines[line] else { return nil }
      found.credit = found.received + IngestLimits.window
      state.lines[line] = found
      return found.credit
    }
    if let credit { send(.credit(line: line, upTo: credit)) }
  }

  /// Tells it to end; its lines end with it.
  func quit() { send(.quit) }

  // MARK: - The socket

  private func send(_ frame: IngestFrame) {
    state.withLock { state in
      guard state.isUp else { return }
      state.outgoing.add(frame)
      flush(&state)
    }
  }

  private func flush(_ state: inout State) {
    while !state.outgoing.isEmpty {
      // An error shows to the thread that reads.
      let count = try? state.outgoing.bytes.withUnsafeBytes { bytes in
        Result { () throws(SystemError) in try UnixSocket.send(bytes, to: wire.descriptor) }
      }.get()
      guard let count, count > 0 else { return }
      state.outgoing.drop(count)
    }
  }

  /// The thread: it does not keep the link.
  private static func listen(_ wire: Wire, _ link: () -> IngestLink?) {
    var decoder = IngestDecoder()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { buffer.deallocate() }
    var reason = "its connection ended"
    while true {
      guard let isAllSent = link()?.state.withLock({ $0.outgoing.isEmpty }) else { return }
      let events = Int16(POLLIN) | (isAllSent ? 0 : Int16(POLLOUT))
      var polled = pollfd(fd: wire.descriptor, events: events, revents: 0)
      // Ends now and then, so that what could not be sent is sent though nothing comes.
      _ = poll(&polled, 1, 500)
      guard let link = link() else { return }
      do {
        while let count = try UnixSocket.receive(into: buffer, from: wire.descriptor) {
          decoder.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
          link.noteHeard()
          while let frame = try decoder.next() { link.take(frame) }
          if count < buffer.count { break }
        }
        link.state.withLock { link.flush(&$0) }
        continue
      } catch let error as SystemError {
        reason = "\(error)"
      } catch {
        reason = "it speaks another language"
      }
      return link.end(reason)
    }
  }

  private func noteHeard() {
    let now = time.monotonic()
    state.withLock { $0.heardAt = now }
  }

  private func take(_ frame: IngestFrame) {
    switch frame {
    case .welcome(_, let build): state.withLock { $0.build = build }
    case .held(let held): state.withLock { $0.held.append(held) }
    case .listed: state.withLock { $0.isListed = true }
    case .head(let line, let head):
      guard let connection = state.withLock({ $0.lines[line]?.connection }),
        let head = IngestJSON.value(IngestHead.self, head)
      else { return }
      connection.receive(head.head)
    case .bytes(let line, let offset, let wall, let monotonic, let bytes):
      let arrival = MediaTimeline.Arrival(
        wall: Instant(microseconds: wall), monotonic: Monotonic(nanoseconds: monotonic))
      take(line, offset, bytes, arrival)
    case .end(let line, let reason):
      let connection = state.withLock { $0.lines.removeValue(forKey: line)?.connection }
      send(.close(line: line))
      let end = reason.isEmpty ? nil : IngestJSON.value(IngestEnd.self, reason)
      connection?.finish(end.map { .byFailure($0.failure) } ?? .byServer)
    default: break
    }
  }

  private func take(
    _ line: UInt64, _ offset: Int64, _ bytes: [UInt8], _ arrival: MediaTimeline.Arrival
  ) {
    guard let connection = state.withLock({ $0.lines[line]?.connection }) else { return }
    let flow = bytes.withUnsafeBytes { connection.receive($0, arrival: arrival) }
    let received = offset + Int64(bytes.count)
    let credit = state.withLock { state -> Int64? in
      guard var found = state.lines[line] else { return nil }
      found.received = received
      defer { state.lines[line] = found }
      guard flow == .proceed, found.credit - received < IngestLimits.window / 2 else { return nil }
      found.credit = received + IngestLimits.window
      return found.credit
    }
    if let credit { send(.credit(line: line, upTo: credit)) }
  }

  private func end(_ reason: String) {
    let lines = state.withLock { state in
      defer { state.lines = [:] }
      state.isUp = false
      return state.lines
    }
    log.warning("the ingest is gone", ("reason", reason), ("lines", lines.count))
    for line in lines.values { line.connection.finish(.byFailure(IngestLink.gone)) }
  }

  static let gone = SourceFailure(
    .recorderDown, "The recorder's process that held the connection ended; it is connected anew.")

  static let hung = SourceFailure(
    .recorderDown, "The recorder's process that holds the connection does not answer.")
}

/// A line as its reader holds it.
struct IngestTransfer: SourceTransfer {
  let owner: IngestLink
  let line: UInt64

  var link: IngestLink? { owner }
  func cancel() { owner.close(line) }
  func resume() { owner.resume(line) }
  func letGo() { owner.letGo(line) }
  func release(_ mark: LineMarks.Mark) { owner.release(line, mark) }

  func doubt(_ now: Monotonic) -> SourceFailure? {
    owner.silence(now) == nil ? nil : IngestLink.hung
  }
}
