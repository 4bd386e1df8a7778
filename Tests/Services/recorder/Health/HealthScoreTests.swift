import Base
import Media
import Messages
import Testing

@testable import airloom_recorder

struct HealthScoreTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var score: Int
    /// What the first reason speaks of.
    var says: String?
    var change: @Sendable (inout HealthScore.Vitals) -> Void
  }

  static let cases: [Case] = [
    Case(testDescription: "all is well", score: 100) { _ in },
    Case(testDescription: "an outage of a second", score: 39, says: "Nothing has come for 1") {
      $0.outage = .seconds(1)
    },
    Case(testDescription: "an outage that was none yet", score: 100) {
      $0.outage = .milliseconds(400)
    },
    Case(testDescription: "an outage of a minute", score: 0, says: "refused") {
      $0.outage = .seconds(60)
      $0.outageSentence = "The server refused."
    },
    Case(testDescription: "a full disk", score: 50, says: "no room") { $0.diskFault = "no room" },
    Case(testDescription: "half the pace", score: 50, says: "40 %") {
      $0.finding = StallLadder.Finding(.slow(share: 0.4))
    },
    Case(testDescription: "silence", score: 85, says: "silence") {
      $0.finding = StallLadder.Finding(.silent(for: .seconds(40)))
    },
    Case(testDescription: "a loop from which there is no way out", score: 50, says: "No better") {
      $0.finding = StallLadder.Finding(.looping(period: .seconds(9), for: .seconds(90)))
      $0.isTold = true
    },
    Case(testDescription: "another station, and no way back", score: 50, says: "another one") {
      $0.finding = StallLadder.Finding(.changed(from: .init(), to: .init()))
      $0.isTold = true
    },
    Case(testDescription: "silence for ten minutes everywhere", score: 50, says: "silence") {
      $0.finding = StallLadder.Finding(.silent(for: .seconds(600)))
      $0.isTold = true
    },
    Case(testDescription: "a fallback address", score: 90, says: "Address 2") { $0.address = 1 },
    Case(testDescription: "a hundredth missing in the last hour", score: 92, says: "36 s") {
      $0.lastHour = .init(wanted: .seconds(3600), missing: .seconds(36))
      $0.lastDay = $0.lastHour
      $0.lastDay.wanted = .seconds(86_400)
    },
    Case(testDescription: "everything missing in the last hour", score: 60, says: "60 min") {
      $0.lastHour = .init(wanted: .seconds(3600), missing: .seconds(3600))
      $0.lastDay = $0.lastHour
    },
    Case(testDescription: "missing long ago", score: 90, says: "14 min are missing in the last day")
    {
      $0.lastDay = .init(wanted: .seconds(86_400), missing: .seconds(864))
    },
    Case(testDescription: "many outages", score: 85, says: "40 times") { $0.outages = 40 },
    Case(testDescription: "one outage", score: 98, says: "Once") { $0.outages = 1 },
    Case(testDescription: "silences of the line", score: 97, says: "3 times") { $0.stalls = 3 },
    Case(testDescription: "uncertain joints", score: 94, says: "joined by time") {
      $0.uncertainSplices = 3
    },
    Case(testDescription: "sound given up", score: 80, says: "given up") {
      $0.givenUp = .seconds(12)
    },
    Case(testDescription: "a slow disk", score: 90, says: "for a write") {
      $0.writeLatency = .seconds(2)
    },
    Case(testDescription: "sound that waits", score: 90, says: "wait in memory") {
      $0.held = .seconds(30)
    },
  ]

  @Test(arguments: cases) func `Each trouble takes its points and says so`(_ one: Case) throws {
    var vitals = HealthScore.Vitals()
    one.change(&vitals)
    let health = HealthScore.score(vitals)
    #expect(health.score == one.score, "\(health)")
    #expect(health.reasons.isEmpty == (one.score == 100))
    if let says = one.says { #expect(health.reasons.first?.contains(says) == true, "\(health)") }
  }

  @Test func `It never leaves 0 to 100, and the worst comes first`() {
    var vitals = HealthScore.Vitals()
    for one in Self.cases { one.change(&vitals) }
    let health = HealthScore.score(vitals)
    #expect(health.score == 0)
    #expect(health.reasons.first?.hasPrefix("Nothing has come") == true)
  }

  @Test func `What happened counts for an hour`() {
    var history = HealthHistory()
    var now = Monotonic(nanoseconds: 0)
    var totals = HealthHistory.Totals()
    _ = history.note(totals, now: now)
    now = now + .seconds(100)
    totals.outages = 3
    #expect(history.note(totals, now: now).outages == 3)
    for _ in 0..<60 {
      now = now + .seconds(60)
      _ = history.note(totals, now: now)
    }
    totals.outages = 4
    #expect(history.note(totals, now: now).outages <= 4)
    for _ in 0..<10 {
      now = now + .seconds(60)
      _ = history.note(totals, now: now)
    }
    #expect(history.note(totals, now: now).outages == 1)
  }
}
