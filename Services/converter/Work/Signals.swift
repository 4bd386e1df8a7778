internal import Base
internal import Service
internal import Synchronization

/// What the loops must know at once: left by commands after their commit, by the file system's hints
/// and by each other. Nothing here has to survive: at their start they look at everything.
final class Signals: Sendable {
  private struct State {
    /// Work under way, and how to stop it.
    var stops: [JobID: @Sendable () -> Void] = [:]
    /// Drops that a person wants looked at.
    var asked: Set<DropPath> = []
    var isPaused = false
  }

  private let state = Mutex(State())
  /// For the loop that begins work.
  let work = Bell()
  /// For the loop that looks at folders.
  let looks = Bell()

  func wake() { work.ring() }

  func look() { looks.ring() }

  func look(at path: DropPath) {
    state.withLock { _ = $0.asked.insert(path) }
    look()
  }

  func takeAsked() -> Set<DropPath> {
    state.withLock { state in
      defer { state.asked = [] }
      return state.asked
    }
  }

  // MARK: - Running work

  func began(_ id: JobID, stop: @escaping @Sendable () -> Void) {
    state.withLock { $0.stops[id] = stop }
  }

  func ended(_ id: JobID) {
    state.withLock { $0.stops[id] = nil }
  }

  func stop(_ id: JobID) { state.withLock { $0.stops[id] }?() }

  func stopAll() { for stop in state.withLock({ Array($0.stops.values) }) { stop() } }

  // MARK: - Pause

  var isPaused: Bool { state.withLock { $0.isPaused } }

  /// Paused: no new conversion is begun; those running go on.
  func setPaused(_ isPaused: Bool) {
    state.withLock { $0.isPaused = isPaused }
    wake()
  }
}
