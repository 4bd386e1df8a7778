internal import Synchronization

/// Passes the first answer on and drops all later ones.
final class FirstOf<Answer: Sendable>: Sendable {
  private struct State {
    var isSettled = false
    var afterwards: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  private let action: @Sendable (Answer) -> Void

  init(_ action: @escaping @Sendable (Answer) -> Void) { self.action = action }

  func settle(_ answer: Answer) {
    let (isFirst, afterwards) = state.withLock { state in
      defer { (state.isSettled, state.afterwards) = (true, nil) }
      return (!state.isSettled, state.afterwards)
    }
    if isFirst { action(answer) }
    afterwards?()
  }

  /// Runs the cleaning up after the first answer, at once when that has been.
  func whenSettled(_ afterwards: @escaping @Sendable () -> Void) {
    let isSettled = state.withLock { state in
      if !state.isSettled { state.afterwards = afterwards }
      return state.isSettled
    }
    if isSettled { afterwards() }
  }
}
