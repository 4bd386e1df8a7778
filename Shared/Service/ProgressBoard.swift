internal import Synchronization

/// Counts that show that work goes on. Whoever has a loop that must never hang registers a source
/// and steps it at each turn; the watchdog is fed only while every source moves.
public final class ProgressBoard: Sendable {
  /// One loop's count.
  public final class Source: Sendable {
    public let name: String
    private let count = Atomic<Int64>(0)

    fileprivate init(_ name: String) { self.name = name }

    /// The loop has come round.
    public func step() { count.add(1, ordering: .relaxed) }

    public var value: Int64 { count.load(ordering: .relaxed) }
  }

  private struct State {
    var sources: [Source] = []
    var seen: [String: Int64] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  /// The loop must step at least once in every watchdog interval from now on, until `retire`.
  public func register(_ name: String) -> Source {
    let source = Source(name)
    state.withLock { state in
      precondition(
        !state.sources.contains { $0.name == name }, "two sources of progress named \(name)")
      state.sources.append(source)
    }
    return source
  }

  /// The loop has ended as it should.
  public func retire(_ source: Source) {
    state.withLock { $0.sources.removeAll { $0 === source } }
  }

  /// The sum over all sources; moves while anything does.
  public var total: Int64 { state.withLock { $0.sources.reduce(0) { $0 + $1.value } } }

  /// The sources that have not moved since the last call.
  public func stalled() -> [String] {
    state.withLock { state in
      let stalled = state.sources.filter { state.seen[$0.name] == $0.value }.map(\.name)
      state.seen = Dictionary(uniqueKeysWithValues: state.sources.map { ($0.name, $0.value) })
      return stalled
    }
  }
}
