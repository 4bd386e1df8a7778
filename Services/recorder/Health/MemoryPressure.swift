import Base

/// How short memory is, from what the kernel says: (reading) → level. A value.
///
/// The bounds of this process's own control group count before the machine's: a container with 256 MB
/// on a large host is short of memory when its 256 MB are used. Page cache is given back under
/// pressure and does not count as used.
struct MemoryPressure: Sendable {
  struct Reading: Hashable, Sendable {
    /// Of the control group, without the page cache; nil where there is no limit.
    var used: Int64?
    var limit: Int64?
    /// Of the machine.
    var available: Int64?
    var total: Int64?
    /// Share of the last ten seconds in which something waited for memory (PSI), 0 ... 100.
    var stalled: Double?
  }

  enum Level: Int, Hashable, Sendable { case fine, short }

  /// Free shares below which memory is short, and above which it is well again.
  static let short = 0.08
  static let well = 0.15
  /// PSI `some avg10`, likewise.
  static let stalled = 20.0
  static let flowing = 5.0

  private(set) var level = Level.fine

  mutating func note(_ reading: Reading) {
    let free = MemoryPressure.free(reading)
    let stalled = reading.stalled ?? 0
    switch level {
    case .fine:
      if free.map({ $0 < MemoryPressure.short }) ?? false || stalled > MemoryPressure.stalled {
        level = .short
      }
    case .short:
      if free.map({ $0 > MemoryPressure.well }) ?? true, stalled < MemoryPressure.flowing {
        level = .fine
      }
    }
  }

  /// The least share that is free, of the group and of the machine.
  private static func free(_ reading: Reading) -> Double? {
    var shares: [Double] = []
    if let used = reading.used, let limit = reading.limit, limit > 0 {
      shares.append(1 - Double(used) / Double(limit))
    }
    if let available = reading.available, let total = reading.total, total > 0 {
      shares.append(Double(available) / Double(total))
    }
    return shares.min()
  }
}
