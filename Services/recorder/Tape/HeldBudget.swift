import Base

/// How much media may wait in memory for a disk that is full or fails, of all streams together, and who
/// gives up what once that is reached. A value.
///
/// Those that hold most give up first: each may hold as much as any other, and what one does not need
/// is there for the rest (max-min fairness). What a stream gives up is the oldest it holds.
struct HeldBudget: Sendable {
  /// Bytes of all streams together.
  let limit: Int
  private(set) var total = 0
  private var held: [Int: Int] = [:]

  init(limit: Int) { self.limit = limit }

  /// What the settings say, but at most a quarter of what the machine or the control group has: what is
  /// given up beyond that is less than what a process loses that is killed for want of memory.
  static func limit(mebibytes: Int, of memory: MemoryPressure.Reading) -> Int {
    let wanted = mebibytes << 20
    guard let most = [memory.limit, memory.total].compactMap(\.self).min() else { return wanted }
    return min(wanted, Int(most / 4))
  }

  /// A holder has so many bytes waiting now.
  mutating func note(_ bytes: Int, of holder: Int) {
    total += bytes - (held[holder] ?? 0)
    held[holder] = bytes == 0 ? nil : bytes
  }

  /// What a holder has beyond its share, were it to hold `more` beside what it does; 0 while all fits.
  func excess(of holder: Int, adding more: Int = 0) -> Int {
    guard total + more > limit else { return 0 }
    var amounts = held
    if more > 0 { amounts[holder, default: 0] += more }
    return max(0, (amounts[holder] ?? 0) - share(of: amounts.values.sorted()))
  }

  /// The most that one may hold so that all together keep within the limit, by amounts in order.
  private func share(of amounts: [Int]) -> Int {
    var rest = limit
    for (index, amount) in amounts.enumerated() {
      let even = rest / (amounts.count - index)
      if amount > even { return even }
      rest -= amount
    }
    return limit
  }
}
