internal import Synchronization

/// Says once that a process should end its work, and why; from any thread.
public final class DrainSwitch: Sendable {
  private struct State {
    var reason: String?
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var lastWaiter = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// The reason; nil while everything goes on.
  public var reason: String? { state.withLock { $0.reason } }

  /// Pulls the switch; only the first reason counts.
  public func pull(_ reason: String) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      guard state.reason == nil else { return [] }
      state.reason = reason
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns the reason when the switch is pulled; nil when the task is cancelled before.
  public func wait() async -> String? {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mayWait = state.withLock { state in
          // Asked under the lock that `forget` takes, so that one of the two sees the other.
          guard state.reason == nil, !Task.isCancelled else { return false }
          state.waiters[number] = continuation
          return true
        }
        if !mayWait { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
    return reason
  }
}
