import Base
import Messages
import Synchronization

/// All captures of a recorder: made when first needed, kept, started and stopped as wanted. A few
/// threads carry them all.
final class CapturePool: Sendable {
  private struct State {
    var definitions: [StreamID: StreamDefinition] = [:]
    var captures: [StreamID: Capture] = [:]
    var wanted: Set<StreamID> = []
  }

  private let environment: CaptureEnvironment
  /// Each blocks while the disk is slow; more threads than that only wait for the same disk.
  private let threads: [DedicatedThread]
  private let state = Mutex(State())

  init(_ environment: CaptureEnvironment, threads: Int = 4) {
    self.environment = environment
    self.threads = (0..<max(1, threads)).map { DedicatedThread(named: "tape-\($0)") }
  }

  /// The streams as they are defined now.
  func define(_ streams: [StreamDefinition]) async {
    let changed = state.withLock { state in
      state.definitions = Dictionary(uniqueKeysWithValues: streams.map { ($0.id, $0) })
      return streams.compactMap { stream in state.captures[stream.id].map { ($0, stream) } }
    }
    for (capture, stream) in changed { await capture.update(stream) }
    // Some may have been wanted before they were defined.
    want(state.withLock { $0.wanted })
  }

  /// Exactly these are captured. Returns at once.
  func want(_ streams: Set<StreamID>) {
    let all = state.withLock { state in
      state.wanted = streams
      for stream in streams where state.captures[stream] == nil {
        guard let definition = state.definitions[stream] else { continue }
        let thread = threads[state.captures.count % threads.count]
        state.captures[stream] = Capture(
          definition, thread: thread, environment: environment)
      }
      return state.captures
    }
    for (stream, capture) in all { capture.want(streams.contains(stream)) }
  }

  /// See `Capture.reach`; returns at once for a stream that was never captured by this process.
  func reach(_ stream: StreamID, _ instant: Instant, by deadline: Instant) async {
    guard let capture = state.withLock({ $0.captures[stream] }) else { return }
    await capture.reach(instant, by: deadline)
  }

  /// Ends all and returns when their tapes are closed.
  func stop() async {
    want([])
    for capture in state.withLock({ Array($0.captures.values) }) { await capture.stop() }
  }

  func figures() async -> [StreamID: CaptureFigures] {
    var figures: [StreamID: CaptureFigures] = [:]
    for (stream, capture) in state.withLock({ $0.captures }) {
      figures[stream] = await capture.figures()
    }
    return figures
  }

  /// How every capture is doing, for a snapshot.
  func statuses() async -> [CaptureStatus] {
    var statuses: [CaptureStatus] = []
    for capture in state.withLock({ Array($0.captures.values) }) {
      statuses.append(await capture.status())
    }
    return statuses
  }

  var activeCount: Int { state.withLock { $0.wanted.count } }
}
