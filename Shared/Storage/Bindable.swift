public import Base

/// A value as SQLite stores it.
public enum StoredValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
}

/// Can stand for a `?` in a statement.
public protocol Bindable: Sendable {
  var stored: StoredValue { get }
}

extension Int64: Bindable {
  public var stored: StoredValue { .integer(self) }
}

extension Int: Bindable {
  public var stored: StoredValue { .integer(Int64(self)) }
}

extension Bool: Bindable {
  public var stored: StoredValue { .integer(self ? 1 : 0) }
}

extension Double: Bindable {
  public var stored: StoredValue { .real(self) }
}

extension String: Bindable {
  public var stored: StoredValue { .text(self) }
}

extension [UInt8]: Bindable {
  public var stored: StoredValue { .blob(self) }
}

/// Microseconds since the epoch, in a column named `…_us`.
extension Instant: Bindable {
  public var stored: StoredValue { .integer(microseconds) }
}

extension Optional: Bindable where Wrapped: Bindable {
  public var stored: StoredValue { self?.stored ?? .null }
}

extension Identifier {
  public var stored: StoredValue { .text(text) }
}

extension NodeID: Bindable {}
extension StreamID: Bindable {}
extension ScheduleID: Bindable {}
extension JobID: Bindable {}
extension HolidaysID: Bindable {}
extension DestinationID: Bindable {}
extension DeliveryID: Bindable {}
extension FeedID: Bindable {}
extension EpisodeID: Bindable {}
extension AlertID: Bindable {}
extension MessageID: Bindable {}
extension Incarnation: Bindable {}
