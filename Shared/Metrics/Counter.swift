internal import Synchronization

/// A number that only grows, such as bytes received. Adding is one atomic instruction.
public final class Counter: Sendable {
  private let count = Atomic<Int>(0)

  public init() {}

  public func increment(by amount: Int = 1) {
    precondition(amount >= 0, "a counter only grows")
    count.wrappingAdd(amount, ordering: .relaxed)
  }

  public var value: Int { count.load(ordering: .relaxed) }
}

/// A number that goes up and down, such as connections that are open.
public final class Gauge: Sendable {
  /// The value's bits, because atomics are of integers.
  private let bits = Atomic<UInt64>(0)

  public init() {}

  public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  public func set(_ value: Int) { set(Double(value)) }

  public func add(_ amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + amount).bitPattern
      let (exchanged, current) = bits.weakCompareExchange(
        expected: old, desired: new, ordering: .relaxed)
      if exchanged { return }
      old = current
    }
  }

  public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
