internal import Glibc
internal import Synchronization

/// How much a line matters: an error asks a person to act, a warning is a fault that is being
/// dealt with, info is a change of state.
public enum LogLevel: Int, Comparable, Sendable, CaseIterable {
  case debug, info, warning, error

  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

  public var name: String { ["debug", "info", "warning", "error"][rawValue] }

  public init?(name: String) {
    guard let level = LogLevel.allCases.first(where: { $0.name == name }) else { return nil }
    self = level
  }
}

/// One line as it was logged, with every value already redacted.
public struct LogEntry: Sendable {
  public let time: Instant
  public let level: LogLevel
  public let message: String
  public let fields: [(key: String, value: String)]

  /// `2026-11-21T19:00:00.250000Z info capture connected stream=radio bytes=…`
  public var line: String {
    var text = "\(time) \(level.name) \(message)"
    for (key, value) in fields { text += " \(key)=\(LogEntry.quoted(value))" }
    return text
  }

  private static func quoted(_ value: String) -> String {
    let isPlain =
      !value.isEmpty
      && value.unicodeScalars.allSatisfy {
        $0 != " " && $0 != "\"" && $0 != "=" && !isControl($0)
      }
    if isPlain { return value }
    var text = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case "\n": text += "\\n"
      case _ where isControl(scalar): text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }

  /// What a terminal would obey or take for the end of the line: C0, DEL, C1 and Unicode's two line
  /// ends. A peer's text must not be able to forge a line.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
    default: false
    }
  }
}

/// A static message with fields, bound to a subject; lines go to one sink.
///
/// `let log = Logger(sink).with(("stream", id)); log.warning("source closed", ("bytes", count))`
public struct Logger: Sendable {
  public typealias Field = (key: String, value: any CustomStringConvertible & Sendable)

  private let sink: @Sendable (LogEntry) -> Void
  private let fields: [(key: String, value: String)]
  private let time: any TimeSource
  public let level: LogLevel

  public init(
    level: LogLevel = .info, time: any TimeSource = SystemTimeSource(),
    sink: @escaping @Sendable (LogEntry) -> Void
  ) {
    self.init(level: level, time: time, fields: [], sink: sink)
  }

  private init(
    level: LogLevel, time: any TimeSource, fields: [(key: String, value: String)],
    sink: @escaping @Sendable (LogEntry) -> Void
  ) {
    self.level = level
    self.time = time
    self.fields = fields
    self.sink = sink
  }

  /// Lines to standard error, one write each, so that lines of several threads never mix.
  public static func standardError(level: LogLevel = .info) -> Logger {
    Logger(level: level, sink: standardErrorSink)
  }

  /// The sink of `standardError`.
  public static let standardErrorSink: @Sendable (LogEntry) -> Void = { entry in
    // A full or closed stderr must not stop a capture, so a failed write is not reported.
    var line = entry.line + "\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// Drops everything.
  public static let silent = Logger(level: .error) { _ in }

  public func with(_ more: Field...) -> Logger {
    Logger(level: level, time: time, fields: fields + more.map(Logger.rendered), sink: sink)
  }

  /// The same logger that also hands every line to another sink (a recording's own log file).
  public func also(to other: @escaping @Sendable (LogEntry) -> Void) -> Logger {
    let first = sink
    return Logger(level: level, time: time, fields: fields) { entry in
      first(entry)
      other(entry)
    }
  }

  public func debug(_ message: StaticString, _ fields: Field...) { log(.debug, message, fields) }
  public func info(_ message: StaticString, _ fields: Field...) { log(.info, message, fields) }
  public func warning(_ message: StaticString, _ fields: Field...) {
    log(.warning, message, fields)
  }
  public func error(_ message: StaticString, _ fields: Field...) { log(.error, message, fields) }

  private func log(_ level: LogLevel, _ message: StaticString, _ more: [Field]) {
    guard level >= self.level else { return }
    sink(
      LogEntry(
        time: time.now(), level: level, message: message.description,
        fields: fields + more.map(Logger.rendered)))
  }

  private static func rendered(_ field: Field) -> (key: String, value: String) {
    (field.key, Redactor.redact(field.value.description))
  }
}
