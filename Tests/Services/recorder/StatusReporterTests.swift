import Base
import Media
import Messages
import Testing

@testable import airloom_recorder

struct StatusReporterTests {
  static let zero = Instant(seconds: 1_800_000_000)

  /// A reporter and its clock; everything that it told.
  struct Bench {
    var reporter = StatusReporter(
      stream: .radio, node: Studio.node, now: StatusReporterTests.zero)
    var elapsed = Duration.zero
    var told: [CaptureStatus] = []

    mutating func look(after wait: Duration = .zero, fault: String? = nil) {
      elapsed += wait
      let status = reporter.due(
        fault: fault, at: StatusReporterTests.zero + elapsed,
        monotonic: Monotonic(nanoseconds: 0) + elapsed)
      if let status { told.append(status) }
    }
  }

  @Test func `A change of state is told at once, then at most every second, the last one counting`()
  {
    var bench = Bench()
    bench.reporter.note(.connecting, reason: nil)
    bench.look()
    for tenth in 0..<9 {
      bench.reporter.note(tenth % 2 == 0 ? .waiting : .connecting, reason: nil)
      bench.look(after: .milliseconds(100))
    }
    #expect(bench.told.map(\.state) == [.connecting])
    bench.look(after: .milliseconds(100))
    #expect(bench.told.map(\.state) == [.connecting, .waiting])
    bench.look(after: .seconds(60))
    #expect(bench.told.count == 2)
  }

  @Test func `A title is told at most every five seconds`() {
    var bench = Bench()
    bench.reporter.note(.capturing, reason: nil)
    bench.look()
    bench.reporter.note(title: "One")
    bench.look(after: .seconds(2))
    #expect(bench.told.count == 1)
    bench.reporter.note(title: "Two")
    bench.look(after: .seconds(3))
    #expect(bench.told.compactMap(\.title) == ["Two"])
  }

  @Test func `A fault of the disk stands above the state, and is over when it is`() {
    var bench = Bench()
    bench.reporter.note(.capturing, reason: nil)
    bench.look()
    bench.look(after: .seconds(2), fault: "No room.")
    #expect(bench.told.last?.state == .blocked && bench.told.last?.reason == "No room.")
    #expect(bench.told.last?.since == Self.zero + .seconds(2))
    bench.look(after: .seconds(2))
    #expect(bench.told.last?.state == .capturing && bench.told.last?.reason == nil)
  }

  @Test func `An idle capture has no fault`() {
    var bench = Bench()
    bench.look(fault: "No room.")
    #expect(bench.told.map(\.state) == [.idle])
  }
}
