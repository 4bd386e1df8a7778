import Base
import Messages
import Synchronization

/// The captures that share a thread, and what wakes them: a round ten times a second for all of them,
/// which takes what their connections brought; only heads and ends are not kept waiting. With a job and
/// a timer for each, hundreds of streams cost more in being woken than in being captured.
///
/// Runs on the captures' own thread, so that it may call them without waiting. What waits for the
/// database waits beside it.
actor CaptureLane {
  private struct Inbox {
    var ready: [(capture: Capture, connection: CaptureConnection)] = []
    var isDrainDue = false
  }

  private struct Member {
    weak var capture: Capture?
  }

  static let interval = Duration.milliseconds(100)

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  nonisolated let thread: DedicatedThread
  private let inbox = Mutex(Inbox())
  private var members: [ObjectIdentifier: Member] = [:]
  private var loop: Task<Void, Never>?
  /// Those with rows for the database, in order, and what writes them.
  private var due: [Capture] = []
  private var scribe: Task<Void, Never>?

  init(named name: String) { thread = DedicatedThread(named: name) }

  /// The connection has something for the capture. Usable from any thread; returns at once.
  nonisolated func hand(_ connection: CaptureConnection, to capture: Capture) {
    let isUrgent = connection.hasNews
    let isDue = inbox.withLock { inbox in
      inbox.ready.append((capture, connection))
      guard isUrgent, !inbox.isDrainDue else { return false }
      inbox.isDrainDue = true
      return true
    }
    if isDue { Task { await drain() } }
  }

  /// Ticks for the capture until it has nothing to do any more.
  func keep(_ capture: Capture) {
    members[ObjectIdentifier(capture)] = Member(capture: capture)
    guard loop == nil else { return }
    loop = Task { [weak self] in
      while let self, await self.tick() {
        try? await Task.sleep(for: CaptureLane.interval)
      }
    }
  }

  /// Asks all of these captures that run here, in one go.
  func ask<Answer: Sendable>(
    _ captures: [Capture], _ question: @Sendable (isolated Capture) -> Answer
  ) -> [StreamID: Answer] {
    var answers: [StreamID: Answer] = [:]
    for capture in captures where capture.lane === self {
      answers[capture.stream] = capture.assumeIsolated(question)
    }
    return answers
  }

  private func drain() {
    let ready = inbox.withLock { inbox in
      defer { inbox = Inbox() }
      return inbox.ready
    }
    for (capture, connection) in ready {
      capture.assumeIsolated { $0.drain(connection) }
      noteRows(of: capture)
    }
  }

  /// False once nobody is left.
  private func tick() -> Bool {
    drain()
    for (identifier, member) in members {
      guard let capture = member.capture, capture.assumeIsolated({ $0.isBusy }) else {
        members[identifier] = nil
        continue
      }
      capture.assumeIsolated { $0.tick() }
      noteRows(of: capture)
    }
    if members.isEmpty { loop = nil }
    return !members.isEmpty
  }

  private func noteRows(of capture: Capture) {
    guard capture.assumeIsolated({ $0.hasRowsToWrite }), !due.contains(where: { $0 === capture })
    else { return }
    due.append(capture)
    guard scribe == nil else { return }
    scribe = Task {
      while !due.isEmpty {
        let capture = due.removeFirst()
        await capture.writeRows()
      }
      scribe = nil
    }
  }
}
