import Base
import Synchronization
import Testing

@Suite struct LoggerTests {
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ entry: LogEntry) { lines.withLock { $0.append(entry.line) } }
  }

  private let lines = Lines()
  private let time = ManualTimeSource(now: .epoch)

  private func logger(level: LogLevel = .info) -> Logger {
    let lines = lines
    return Logger(level: level, time: time) { lines.add($0) }
  }

  @Test("A line has its time, level, message, bound fields and its own")
  func line() {
    logger().with(("stream", "radio")).warning("source closed", ("bytes", 17))
    #expect(
      lines.all == ["1970-01-01T00:00:00.000000Z warning source closed stream=radio bytes=17"])
  }

  @Test(
    "Values are quoted where a reader would be misled",
    arguments: [
      ("plain-value/1.0", "plain-value/1.0"), ("", #""""#), ("two words", #""two words""#),
      ("a=b", #""a=b""#), (#"say "hi""#, #""say \"hi\"""#), ("back\\slash", "back\\slash"),
      ("back\\slash quoted", #""back\\slash quoted""#), ("line\nbreak", #""line\nbreak""#),
      ("\u{1B}[31m", #""\u{1b}[31m""#), ("a\rb", #""a\u{d}b""#), ("a\u{7F}", #""a\u{7f}""#),
      ("a\u{9B}31m", #""a\u{9b}31m""#), ("a\u{2028}b", #""a\u{2028}b""#), ("Grüße", "Grüße"),
    ])
  func quoting(value: String, written: String) {
    logger().info("said", ("value", value))
    #expect(lines.all == ["1970-01-01T00:00:00.000000Z info said value=\(written)"])
  }

  @Test("Secrets in values are taken out, in bound fields too")
  func redacted() {
    logger().with(("url", "http://u:p@h/")).info("asked", ("error", "no http://h/?key=1"))
    #expect(
      lines.all == [
        "1970-01-01T00:00:00.000000Z info asked url=http://…@h/ error=\"no http://h/?key=…\""
      ])
  }

  @Test("Lines below the level are dropped", arguments: LogLevel.allCases)
  func levels(level: LogLevel) {
    let log = logger(level: level)
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")
    #expect(lines.all.count == 4 - level.rawValue)
    #expect(LogLevel(name: level.name) == level)
  }

  @Test("A second sink gets the same lines")
  func alsoTo() {
    let second = Lines()
    let log = logger().with(("job", "1")).also { second.add($0) }
    log.info("started")
    #expect(second.all == lines.all)
    #expect(second.all.count == 1)
  }
}
