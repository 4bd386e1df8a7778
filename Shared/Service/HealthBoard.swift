internal import Synchronization

/// How well each part of a process is, each in one sentence: what /healthz says and heartbeats
/// carry.
public final class HealthBoard: Sendable {
  public enum Condition: String, Codable, Sendable, Comparable {
    case ok
    /// Works, but something is not as it should be.
    case degraded
    /// Does not do its work.
    case failed

    private var rank: Int { [.ok: 0, .degraded: 1, .failed: 2][self] ?? 0 }

    public static func < (left: Condition, right: Condition) -> Bool { left.rank < right.rank }
  }

  public struct Entry: Codable, Sendable, Hashable {
    public var condition: Condition
    /// What is wrong and what follows from it; empty while all is well.
    public var sentence: String
  }

  private let entries = Mutex<[String: Entry]>([:])

  public init() {}

  public func ok(_ component: String) { set(component, .ok, "") }
  public func degraded(_ component: String, _ sentence: String) {
    set(component, .degraded, sentence)
  }
  public func failed(_ component: String, _ sentence: String) { set(component, .failed, sentence) }

  /// The component is no more.
  public func remove(_ component: String) { entries.withLock { $0[component] = nil } }

  public var all: [String: Entry] { entries.withLock { $0 } }

  /// The worst of all; ok when there are none.
  public var worst: Condition { all.values.map(\.condition).max() ?? .ok }

  /// `component: sentence` for everything that is not well, sorted.
  public var faults: [String] {
    all.filter { $0.value.condition != .ok }.map { "\($0.key): \($0.value.sentence)" }.sorted()
  }

  private func set(_ component: String, _ condition: Condition, _ sentence: String) {
    entries.withLock { $0[component] = Entry(condition: condition, sentence: sentence) }
  }
}
