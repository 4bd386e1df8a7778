internal import Synchronization

/// Says once that a process should end its work, and why; from any thread.
public final class DrainSwitch: Sendable {
  private struct State {
    var reason: String?
    var waiters: [CheckedContinuation<String, Never>] = []
  }

  private let state = Mutex(State())

  public init() {}

  /// The reason; nil while everything goes on.
  public var reason: String? { state.withLock { $0.reason } }

  /// Pulls the switch; only the first reason counts.
  public func pull(_ reason: String) {
    let waiters = state.withLock { state in
      guard state.reason == nil else { return [CheckedContinuation<String, Never>]() }
      state.reason = reason
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(returning: reason) }
  }

  /// Returns when the switch is pulled.
  public func wait() async -> String {
    await withCheckedContinuation { continuation in
      let reason = state.withLock { state in
        if state.reason == nil { state.waiters.append(continuation) }
        return state.reason
      }
      if let reason { continuation.resume(returning: reason) }
    }
  }
}
