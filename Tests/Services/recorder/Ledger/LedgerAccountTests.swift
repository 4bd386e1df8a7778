import Base
import Messages
import Testing

@testable import airloom_recorder

struct LedgerAccountTests {
  static func at(_ seconds: Double) -> Instant {
    Instant(microseconds: Int64((seconds * 1e6).rounded()))
  }

  static func span(_ start: Double, _ end: Double) -> TimeSpan {
    TimeSpan(start: at(start), end: at(end))
  }

  static func gap(_ start: Double, _ end: Double, _ cause: Gap.Cause) -> Gap {
    Gap(start: at(start), end: at(end), cause: cause, detail: cause.rawValue)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    var wanted = [span(0, 100)]
    var captured: [TimeSpan] = []
    var gaps: [Gap] = []
    /// `0-40 captured`, `40-50 source-closed`
    let expected: [String]
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "nothing was wanted", wanted: [], captured: [span(0, 10)], expected: []),
    Case(name: "all is there", captured: [span(-4, 104)], expected: ["0-100 captured"]),
    Case(
      name: "segments that follow the sender's clock", captured: [span(0, 50), span(50.002, 100)],
      expected: ["0-100 captured"]),
    Case(
      name: "an outage", captured: [span(0, 40), span(50, 100)],
      gaps: [gap(40, 50, .sourceClosed)],
      expected: ["0-40 captured", "40-50 source-closed", "50-100 captured"]),
    Case(
      name: "sound counts more than what was said of a gap",
      captured: [span(0, 45), span(50, 100)], gaps: [gap(40, 60, .recorderDown)],
      expected: ["0-45 captured", "45-50 recorder-down", "50-100 captured"]),
    Case(
      name: "a gap whose cause changes", captured: [span(0, 40), span(60, 100)],
      gaps: [gap(40, 50, .sourceClosed), gap(50, 60, .sourceRefused)],
      expected: [
        "0-40 captured", "40-50 source-closed", "50-60 source-refused", "60-100 captured",
      ]),
    Case(
      name: "the time it took to notice belongs to the gap",
      captured: [span(0, 39.5), span(60.4, 100)], gaps: [gap(40, 60, .sourceStalled)],
      expected: ["0-39.5 captured", "39.5-60.4 source-stalled", "60.4-100 captured"]),
    Case(
      name: "the connection at the beginning", captured: [span(0.3, 100)],
      expected: ["0-0.3 source-unreachable", "0.3-100 captured"]),
    Case(
      name: "a hole that nothing explains", captured: [span(0, 40), span(45, 100)],
      expected: ["0-40 captured", "40-45 unknown", "45-100 captured"]),
    Case(
      name: "two times that were wanted", wanted: [span(0, 10), span(20, 30)],
      captured: [span(0, 25)], gaps: [gap(25, 40, .paused)],
      expected: ["0-10 captured", "20-25 captured", "25-30 paused"]),
    Case(
      name: "the clock was set back: the same time twice", wanted: [span(50, 60), span(30, 70)],
      captured: [span(50, 60), span(30, 70)], expected: ["30-70 captured"]),
  ]

  @Test(arguments: cases)
  func `Every wanted time is captured or a gap with its cause`(_ example: Case) {
    let account = LedgerAccount(
      wanted: example.wanted, captured: example.captured, gaps: example.gaps)
    func number(_ instant: Instant) -> String {
      let value = Double(instant.microseconds) / 1e6
      return value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
    let told = account.spans.map { span in
      "\(number(span.start))-\(number(span.end)) \(span.gap?.cause.rawValue ?? "captured")"
    }
    #expect(told == example.expected)
    let gaps = account.spans.compactMap(\.gap).reduce(Duration.zero) { $0 + ($1.end - $1.start) }
    #expect(account.captured + gaps == account.wanted)
    #expect(account.wanted == example.wanted.united().total)
  }

  @Test func `Spans are united and taken from each other as sets of microseconds`() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<300 {
      func some() -> [TimeSpan] {
        (0..<Int.random(in: 0...6, using: &generator)).map { _ in
          let start = Int64.random(in: 0..<40, using: &generator)
          return TimeSpan(
            start: Instant(microseconds: start),
            end: Instant(microseconds: start + Int64.random(in: 0...9, using: &generator)))
        }
      }
      func set(_ spans: [TimeSpan]) -> Set<Int64> {
        Set(spans.flatMap { $0.start.microseconds..<$0.end.microseconds })
      }
      let (left, right) = (some(), some())
      #expect(set(left.united()) == set(left))
      #expect(
        set(left.united().subtracting(right.united())) == set(left).subtracting(set(right)))
      #expect(left.united().total == .microseconds(set(left).count))
    }
  }
}
