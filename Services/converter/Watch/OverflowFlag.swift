internal import Synchronization

/// Says from one thread to another that hints were lost.
final class OverflowFlag: Sendable {
  private let isSet = Atomic<Bool>(false)

  func set() { isSet.store(true, ordering: .relaxed) }

  func take() -> Bool { isSet.exchange(false, ordering: .relaxed) }
}
