public import Base
internal import Synchronization

/// The last warnings and errors that a process logged, for `control <node> errors`.
public final class ErrorRing: Sendable {
  public struct Line: Codable, Sendable, Hashable {
    public let time: Instant
    public let level: String
    public let message: String
    public let fields: [String: String]
  }

  private let limit: Int
  private let lines = Mutex<[Line]>([])

  public init(limit: Int = 100) {
    precondition(limit > 0, "a ring holds at least one line")
    self.limit = limit
  }

  /// A logger's sink; keeps what is a warning or worse.
  public func take(_ entry: LogEntry) {
    guard entry.level >= .warning else { return }
    let line = Line(
      time: entry.time, level: entry.level.name, message: entry.message,
      fields: Dictionary(entry.fields, uniquingKeysWith: { _, last in last }))
    lines.withLock { lines in
      if lines.count == limit { lines.removeFirst() }
      lines.append(line)
    }
  }

  /// The oldest first.
  public var all: [Line] { lines.withLock { $0 } }
}
