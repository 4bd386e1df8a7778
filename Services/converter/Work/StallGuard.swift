internal import Base
internal import Subprocess
internal import Synchronization

/// Stops a child that has not moved for too long.
final class StallGuard: Sendable {
  private struct State {
    var moves = 0
    var hasStruck = false
  }

  private let state = Mutex(State())
  private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

  init(_ child: ChildProcess, limit: Duration) {
    let watch = Task { [weak self, weak child] in
      var seen = -1
      while let moves = self?.state.withLock({ $0.moves }), moves != seen {
        seen = moves
        do { try await Task.sleep(for: limit) } catch { return }
      }
      guard let self, let child else { return }
      state.withLock { $0.hasStruck = true }
      child.requestStop(.kill)
    }
    task.withLock { $0 = watch }
  }

  func moved() { state.withLock { $0.moves += 1 } }

  var hasStruck: Bool { state.withLock { $0.hasStruck } }

  func end() { task.withLock { $0 }?.cancel() }
}
