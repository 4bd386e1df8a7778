internal import Base

/// Calls back every second while something takes long that is known to come to an end: a program with
/// a time limit, a copy. So the watchdog can tell it from a hang.
struct Ticker: Sendable {
  private let task: Task<Void, Never>

  init(_ tick: @escaping @Sendable () -> Void) {
    task = Task {
      while !Task.isCancelled {
        tick()
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  func end() { task.cancel() }
}
