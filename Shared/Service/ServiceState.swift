public import Messages
internal import Synchronization

/// Whether a service takes new work: running, paused by a person, or draining.
public final class ServiceState: Sendable {
  private struct Inner {
    var state = NodeState.running
    var observers: [@Sendable (NodeState) -> Void] = []
  }

  private let inner = Mutex(Inner())

  public init() {}

  public var current: NodeState { inner.withLock { $0.state } }

  /// Whether new work may begin; what runs goes on either way.
  public var takesNewWork: Bool { current == .running }

  /// Called after each change, on the thread of whoever changed it; must be short.
  public func onChange(_ observer: @escaping @Sendable (NodeState) -> Void) {
    inner.withLock { $0.observers.append(observer) }
  }

  /// A drain is final: what is asked for afterwards is not done, and false is returned.
  @discardableResult
  public func set(_ state: NodeState) -> Bool {
    let observers = inner.withLock { inner -> [@Sendable (NodeState) -> Void]? in
      if inner.state == .draining && state != .draining { return nil }
      guard inner.state != state else { return [] }
      inner.state = state
      return inner.observers
    }
    for observer in observers ?? [] { observer(state) }
    return observers != nil
  }
}
