internal import Base
internal import Messages
internal import Service
internal import Synchronization

/// What the two loops must know at once: left after a commit, taken at their next step. Nothing here
/// has to survive: at their start they look at everything.
final class Signals: Sendable {
  private struct State {
    /// When feeds are due now; nil: no more.
    var feeds: [FeedID: PollQueue.Entry?] = [:]
    var isPaused = false
  }

  private let state = Mutex(State())
  let polling = Bell()
  let downloads = Bell()

  func wakePolling() { polling.ring() }

  func wakeDownloads() { downloads.ring() }

  func feed(_ id: FeedID, _ entry: PollQueue.Entry?) {
    state.withLock { $0.feeds[id] = .some(entry) }
    wakePolling()
  }

  func takeFeeds() -> [FeedID: PollQueue.Entry?] {
    state.withLock { state in
      defer { state.feeds = [:] }
      return state.feeds
    }
  }

  var isPaused: Bool { state.withLock { $0.isPaused } }

  /// Paused: nothing new is begun; what is under way goes on.
  func setPaused(_ isPaused: Bool) {
    state.withLock { $0.isPaused = isPaused }
    wakePolling()
    wakeDownloads()
  }
}
