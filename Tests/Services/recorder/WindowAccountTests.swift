import Base
import Messages
import Testing

@testable import airloom_recorder

struct WindowAccountTests {
  static let zero = Instant(seconds: 1_800_000_000)

  static func at(_ seconds: Double) -> Instant {
    zero + .microseconds(Int64((seconds * 1e6).rounded()))
  }

  static func gap(_ from: Double, _ to: Double, _ cause: Gap.Cause) -> Gap {
    Gap(start: at(from), end: at(to), cause: cause, detail: "\(cause)")
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var spans: [(Double, Double)] = []
    var causes: [Gap] = []
    var receivedAt: Double = -100
    let expected: [(Double, Double, Gap.Cause)]

    init(
      _ name: String, spans: [(Double, Double)], causes: [Gap] = [], receivedAt: Double = -100,
      expected: [(Double, Double, Gap.Cause)]
    ) {
      testDescription = name
      self.spans = spans
      self.causes = causes
      self.receivedAt = receivedAt
      self.expected = expected
    }
  }

  /// The window is 0 ... 60.
  static let cases: [Case] = [
    Case("everything is there", spans: [(-3, 21), (21, 40), (40, 63)], expected: []),
    Case("nothing is there", spans: [], expected: [(0, 60, .recorderDown)]),
    Case(
      "edges within a frame and seams within 10 ms", spans: [(0.02, 30), (30.009, 59.98)],
      expected: []),
    Case(
      "one frame is missing", spans: [(0, 30), (30.026, 60)],
      expected: [(30, 30.026, .recorderDown)]),
    Case(
      "an outage explains it", spans: [(0, 20), (25, 60)],
      causes: [gap(20, 25, .sourceClosed)], expected: [(20, 25, .sourceClosed)]),
    Case(
      "the cause changes while it lasts", spans: [(0, 20), (40, 60)],
      causes: [gap(20, 25, .sourceStalled), gap(25, 40, .sourceUnreachable)],
      expected: [(20, 25, .sourceStalled), (25, 40, .sourceUnreachable)]),
    Case(
      "time to notice belongs to the outage", spans: [(0, 20), (40, 60)],
      causes: [gap(20.4, 39.8, .sourceClosed)], expected: [(20, 40, .sourceClosed)]),
    Case(
      "asked for late", spans: [(15, 60)], receivedAt: 12,
      expected: [(0, 12, .plannedLate), (12, 15, .recorderDown)]),
    Case(
      "the recorder died while the source was away", spans: [(0, 20), (50, 60)],
      causes: [gap(20, 30, .sourceClosed)],
      expected: [(20, 30, .sourceClosed), (30, 50, .recorderDown)]),
    Case(
      "labels overlap after the clock was set back", spans: [(0, 40), (10, 60)], expected: []),
    Case(
      "an open outage to the end", spans: [(0, 20)], causes: [gap(20, 60, .diskFull)],
      expected: [(20, 60, .diskFull)]),
  ]

  @Test(arguments: cases)
  func `Every second of a window is captured or has a cause`(_ example: Case) {
    let account = WindowAccount(
      start: Self.zero, end: Self.at(60),
      spans: example.spans.map {
        WindowAccount.Span(start: Self.at($0.0), end: Self.at($0.1))
      }, causes: example.causes, frame: .microseconds(26_122),
      receivedAt: Self.at(example.receivedAt))
    #expect(account.gaps.map(\.start) == example.expected.map { Self.at($0.0) })
    #expect(account.gaps.map(\.end) == example.expected.map { Self.at($0.1) })
    #expect(account.gaps.map(\.cause) == example.expected.map(\.2))
    #expect(account.captured + account.lost == .seconds(60))
  }
}
