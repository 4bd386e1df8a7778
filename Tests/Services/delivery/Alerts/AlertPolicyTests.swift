import Base
import Messages
import TestSupport
import Testing

@testable import airloom_delivery

private let start = Instant(seconds: 1_800_000_000)
private let node = NodeID(unchecked: "scheduler")

@Suite("What is mailed of an alert")
struct AlertPolicyTests {
  private let policy = AlertPolicy(
    holdOff: .seconds(60), refusalsAllowed: 2, patience: .seconds(3600))

  private func raise(
    _ severity: AlertSeverity = .warning, at seconds: Int64 = 0, isEvent: Bool? = nil
  ) -> RaiseAlert {
    RaiseAlert(
      id: AlertID(unchecked: "a"), severity: severity, subject: "S", text: "T",
      at: start + .seconds(seconds), isEvent: isEvent)
  }

  private func end(_ seconds: Int64) -> EndAlert {
    EndAlert(id: AlertID(unchecked: "a"), text: "E", at: start + .seconds(seconds))
  }

  private func raised() -> AlertStanding { policy.raised(nil, raise(), by: node, at: start) }

  private func mailed(_ alert: AlertStanding) -> AlertStanding {
    policy.mailed(policy.mailing(alert, at: start), at: start)
  }

  @Test("it is due once it has lasted for the hold-off, an event at once")
  func due() {
    #expect(policy.due(raised()) == start + .seconds(60))
    let event = policy.raised(nil, raise(isEvent: true), by: node, at: start)
    #expect(policy.due(event) == start && event.endedAt == start)
    #expect(policy.due(mailed(raised())) == nil)
  }

  @Test("what was over before the hold-off is not mailed; what lasted longer is, once")
  func short() throws {
    let short = try #require(policy.ended(raised(), end(59), at: start))
    #expect(short.mail == .off && short.pending == nil && short.reason != nil)
    let long = try #require(policy.ended(raised(), end(61), at: start))
    #expect(long.mail == .queued && long.pending == .raised)
    #expect(policy.due(long) == start)
    #expect(mailed(long).mail == .sent)
  }

  @Test("its end is mailed where its beginning was, also while that mail is on its way")
  func recovery() throws {
    let told = mailed(raised())
    #expect(told.mail == .sent)
    let over = try #require(policy.ended(told, end(600), at: start))
    #expect(over.pending == .ended && over.mail == .queued)
    #expect(mailed(over).mail == .sent)
    #expect(policy.ended(mailed(over), end(700), at: start) == nil)

    let onItsWay = policy.mailing(raised(), at: start)
    let ended = try #require(policy.ended(onItsWay, end(30), at: start))
    let arrived = policy.mailed(ended, at: start)
    #expect(arrived.pending == .ended && arrived.mail == .queued)
    // It did not arrive: then it is told as something that was.
    let lost = policy.failed(ended, MailError(.unreachable, "r"), at: start)
    #expect(lost.pending == .raised && lost.inMail == nil)
  }

  @Test("the same twice is one, unless it got worse; one that is over is raised anew")
  func twice() throws {
    let told = mailed(raised())
    let again = policy.raised(told, raise(at: 5), by: node, at: start)
    #expect(again.pending == nil && again.raisedAt == start)
    let worse = policy.raised(told, raise(.critical), by: node, at: start)
    #expect(worse.pending == .raised && worse.severity == .critical)
    let over = mailed(try #require(policy.ended(told, end(600), at: start)))
    let anew = policy.raised(over, raise(at: 900), by: node, at: start + .seconds(900))
    #expect(anew.pending == .raised && anew.endedAt == nil)
    #expect(anew.raisedAt == start + .seconds(900))
    let event = mailed(policy.raised(nil, raise(isEvent: true), by: node, at: start))
    let same = policy.raised(event, raise(isEvent: true), by: node, at: start)
    #expect(same.pending == nil)
  }

  @Test("refusals lead to a dead letter, an outage only after long; a person can retry it")
  func deadLetter() throws {
    let refused = MailError(.refused, "550")
    let away = MailError(.unreachable, "away")
    var alert = raised()
    for _ in 0..<50 {
      alert = policy.failed(policy.mailing(alert, at: start), away, at: start + .seconds(60))
      #expect(alert.mail == .waiting && alert.pending == .raised)
    }
    alert = policy.failed(policy.mailing(alert, at: start), refused, at: start)
    #expect(alert.mail == .waiting)
    alert = policy.failed(policy.mailing(alert, at: start), refused, at: start)
    #expect(alert.mail == .dead && alert.pending == nil && alert.reason == "550")
    let retried = try #require(policy.retried(alert, at: start))
    #expect(retried.mail == .queued && retried.refusals == 0 && retried.pending == .raised)
    #expect(policy.retried(mailed(raised()), at: start) == nil)
    let late = policy.failed(
      policy.mailing(raised(), at: start), away, at: start + .seconds(3600))
    #expect(late.mail == .dead)
  }

  @Test("nothing is mailed where nothing is configured, and what was dismissed is silent")
  func off() {
    let silent = AlertPolicy(isMailed: false).raised(nil, raise(), by: node, at: start)
    #expect(silent.mail == .off && silent.pending == nil && silent.reason != nil)
    let dismissed = policy.dismissed(raised(), at: start)
    #expect(dismissed.mail == .off && dismissed.pending == nil)
    #expect(policy.ended(dismissed, end(600), at: start)?.pending == nil)
  }
}

@Suite("When the next mail is made")
struct MailerPolicyTests {
  private let policy = MailerPolicy(
    interval: .seconds(60), retryFirst: .seconds(10), retryCap: .seconds(900))
  private let away = MailError(.unreachable, "away")

  private func next(
    _ state: inout MailerState, _ dues: [Int64], _ now: Int64, isUnanswered: Bool = false
  ) -> MailerPolicy.Decision {
    policy.next(
      &state, dues: dues.map { start + .seconds($0) }, isUnanswered: isUnanswered,
      at: start + .seconds(now))
  }

  @Test("when something is due, and at most once in each interval")
  func interval() {
    var state = policy.newState
    #expect(next(&state, [], 0) == .wait(until: nil))
    #expect(next(&state, [30, 90], 0) == .wait(until: start + .seconds(30)))
    #expect(next(&state, [30, 90], 30) == .make)
    _ = policy.ended(&state, nil, at: start + .seconds(30))
    #expect(next(&state, [40], 50) == .wait(until: start + .seconds(90)))
    #expect(next(&state, [40], 90) == .make)
  }

  @Test("a storm of ten thousand alerts in an hour makes at most one mail a minute")
  func storm() {
    var state = policy.newState
    var mails = 0
    for tenth in Int64(0)..<36_000 {
      let now = start + .milliseconds(tenth * 100)
      if policy.next(&state, dues: [now], isUnanswered: false, at: now) == .make {
        mails += 1
        _ = policy.ended(&state, nil, at: now)
      }
    }
    #expect(mails == 60)
  }

  @Test("a day's outage is found out about now and then, and ends with one mail")
  func outage() {
    var state = policy.newState
    var tries = 0
    var now: Int64 = 0
    var faults: [Bool] = []
    while now < 86_400 {
      switch next(&state, [0], now) {
      case .make:
        tries += 1
        faults.append(policy.ended(&state, away, at: start + .seconds(now)))
      case .wait(let until): now = until.map { ($0 - start).seconds } ?? 86_400
      case .sendAgain: Issue.record("there is nothing to send again")
      }
    }
    #expect((80...120).contains(tries), "\(tries) tries")
    #expect(faults.filter { $0 }.count == 1 && state.fault == "away")
    while next(&state, [0], now) != .make { now += 10 }
    #expect(policy.ended(&state, nil, at: start + .seconds(now)))
    #expect(state.fault == nil && state.breaker.state == .closed)
    #expect(next(&state, [], now + 1) == .wait(until: nil))
  }

  @Test("what was handed over without an answer goes first, without waiting for the interval")
  func unanswered() {
    var state = policy.newState
    _ = policy.ended(&state, nil, at: start)
    #expect(next(&state, [0], 1, isUnanswered: true) == .sendAgain)
    _ = policy.ended(&state, MailError(.uncertain, "?"), at: start + .seconds(1))
    #expect(next(&state, [], 2, isUnanswered: true) == .wait(until: start + .seconds(11)))
    #expect(next(&state, [], 11, isUnanswered: true) == .sendAgain)
  }
}

extension Duration {
  fileprivate var seconds: Int64 { components.seconds }
}
