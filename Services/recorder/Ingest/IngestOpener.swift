import Base
import Glibc
import HTTPClient
import Messages
import Subprocess
import Synchronization

/// Connections to sources that outlive this process: held by an ingest, which is found or started here.
///
/// Capture first: where there is no ingest of this program's build that answers, a connection is made
/// directly, at once, and another ingest is started for the next ones.
final class IngestOpener: SourceOpener {
  private struct State {
    var current: IngestLink?
    /// Of other builds, and such as do not answer: they keep what they hold until it was taken over.
    var older: [IngestLink] = []
    var held: [StreamID: HeldLine] = [:]
    var fault: IngestFault?
    var starts = 0
    var adoptions = 0
    var retryAt: Monotonic?
    var hungSince: Monotonic?
  }

  /// An ingest that hangs for so long is left for another.
  static let hangLimit = Duration.seconds(10)
  private static let retry = Duration.seconds(5)

  private let place: IngestPlace
  private let direct: any SourceOpener
  private let time: any TimeSource
  private let log: Logger
  private let state = Mutex(State())

  init(
    _ place: IngestPlace, direct: any SourceOpener, log: Logger,
    time: any TimeSource = SystemTimeSource()
  ) {
    self.place = place
    self.direct = direct
    self.log = log
    self.time = time
  }

  // MARK: - Opening

  func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer {
    let link = state.withLock { $0.current }
    if let link, link.isHealthy(time.monotonic()),
      let transfer = link.open(IngestRequest(request), into: connection)
    {
      return transfer
    }
    return direct.open(request, into: connection)
  }

  func hasHeld(_ stream: StreamID) -> Bool { state.withLock { $0.held[stream] != nil } }

  func held(_ stream: StreamID) -> HeldLine? {
    state.withLock { $0.held.removeValue(forKey: stream) }
  }

  func adopt(_ held: HeldLine, into connection: CaptureConnection) -> (any SourceTransfer)? {
    guard let transfer = held.link.adopt(held, into: connection) else { return nil }
    state.withLock { $0.adoptions += 1 }
    return transfer
  }

  // MARK: - The ingest

  /// Lines, whether there is an ingest, how often one was started, how many lines were adopted.
  var figures: (lines: Int, isUp: Bool, starts: Int, adoptions: Int) {
    let now = time.monotonic()
    return state.withLock { state in
      let links = state.older + (state.current.map { [$0] } ?? [])
      return (
        links.reduce(0) { $0 + $1.lineCount }, state.current?.isHealthy(now) ?? false, state.starts,
        state.adoptions
      )
    }
  }

  /// What is not well, in one sentence.
  var fault: String? {
    state.withLock { $0.fault }.map {
      "The process that holds the connections cannot be started (\($0)): streams are captured all the "
        + "same, but a restart of the recorder interrupts them."
    }
  }

  func isOutdated(_ connection: CaptureConnection) -> Bool {
    guard let current = state.withLock({ $0.current }), current.isHealthy(time.monotonic()) else {
      return false
    }
    return connection.link !== current
  }

  /// Finds what is there, and starts an ingest where none of this build answers. Returns when both is
  /// done or cannot be done now.
  func start() async {
    for path in place.sockets { await find(path) }
    await launch()
  }

  /// Held lines that no stream wants are closed.
  func closeUnclaimed() {
    let left = state.withLock { state in
      defer { state.held = [:] }
      return state.held.values
    }
    for held in left { held.link.close(held.state.line) }
  }

  private func find(_ path: String) async {
    let link: IngestLink
    do {
      link = try IngestLink(path: path, build: place.build, log: log, time: time)
    } catch {
      // Nobody listens: it died.
      if error.code == ECONNREFUSED || error.code == ENOENT { unlink(path) }
      return
    }
    guard let (build, lines) = await link.greeting(within: .seconds(3)) else {
      log.warning("an ingest does not answer", ("socket", path))
      return
    }
    log.info("ingest found", ("socket", path), ("lines", lines.count), ("build", build))
    state.withLock { state in
      if build == place.build, state.current == nil {
        state.current = link
      } else {
        state.older.append(link)
      }
      for line in lines {
        let stream = line.request.stream
        if let other = state.held[stream], !line.isBetter(than: other) { continue }
        state.held[stream] = line
      }
    }
    // What is of no use, or not the best of its stream, is not kept.
    for line in lines where state.withLock({ $0.held[line.request.stream]?.state != line.state }) {
      link.close(line.state.line)
    }
  }

  private func launch() async {
    guard state.withLock({ $0.current == nil }) else { return }
    do throws(IngestFault) {
      let socket = try await place.start()
      let link: IngestLink
      do throws(SystemError) {
        link = try IngestLink(path: socket, build: place.build, log: log, time: time)
      } catch {
        throw IngestFault("\(error)")
      }
      guard await link.greeting(within: .seconds(3)) != nil else {
        throw IngestFault("it does not answer")
      }
      state.withLock { state in
        state.current = link
        state.starts += 1
        state.fault = nil
      }
      log.info("ingest started", ("socket", socket))
    } catch {
      let isNews = state.withLock { state in
        defer { state.fault = error }
        return state.fault != error
      }
      if isNews { log.error("no ingest can be started", ("reason", error)) }
    }
  }

  /// To be called every half second or so: starts another ingest where one is needed, and lets go of
  /// those that are not.
  func look() async {
    let now = time.monotonic()
    let (isDue, done) = state.withLock { state -> (Bool, [IngestLink]) in
      if let link = state.current {
        let isHung = link.silence(now) != nil
        state.hungSince = isHung ? state.hungSince ?? now : nil
        let isLeft = state.hungSince.map { now - $0 >= IngestOpener.hangLimit } ?? false
        if !link.isUp || isLeft {
          if link.isUp { state.older.append(link) }
          state.current = nil
          state.hungSince = nil
        }
      }
      // With the last of their lines taken over, older ones are not needed.
      let done = state.older.filter { link in
        !link.isUp
          || link.lineCount == 0 && !state.held.values.contains { $0.link === link }
      }
      state.older.removeAll { link in done.contains { $0 === link } }
      guard state.current == nil, state.retryAt.map({ now >= $0 }) ?? true else {
        return (false, done)
      }
      state.retryAt = now + IngestOpener.retry
      return (true, done)
    }
    for link in done where link.isUp { link.quit() }
    if isDue { await launch() }
  }
}
