import Synchronization

/// The budget of a recorder's streams, shared by captures on different threads.
///
/// It only counts and answers: whoever holds media asks what it must give up, and does so itself. Nobody
/// is called from under the lock, so it can wait for nobody. A holder that has not asked yet is over
/// its share until its next tick, some tenths of a second later.
final class HeldMemory: Sendable {
  /// One holder's part; it belongs to the holder, and what it counted is free when it goes.
  final class Share {
    private let memory: HeldMemory
    private let holder: Int
    private var bytes = 0

    fileprivate init(_ memory: HeldMemory, _ holder: Int) {
      self.memory = memory
      self.holder = holder
    }

    deinit { note(0) }

    /// So many bytes wait now. Nothing is locked while none do.
    func note(_ bytes: Int) {
      guard bytes != self.bytes else { return }
      self.bytes = bytes
      memory.budget.withLock { $0.note(bytes, of: holder) }
    }

    /// What must be given up, were `more` bytes to wait as well.
    func excess(adding more: Int = 0) -> Int {
      memory.budget.withLock { $0.excess(of: holder, adding: more) }
    }
  }

  private let budget: Mutex<HeldBudget>
  private let holders = Atomic<Int>(0)

  init(limit: Int = .max) { budget = Mutex(HeldBudget(limit: limit)) }

  /// Of all holders.
  var bytes: Int { budget.withLock { $0.total } }

  func share() -> Share {
    Share(self, holders.wrappingAdd(1, ordering: .relaxed).newValue)
  }
}
