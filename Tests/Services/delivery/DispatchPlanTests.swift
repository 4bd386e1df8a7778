import Base
import Testing

@testable import airloom_delivery

@Suite("The choice of what to send next")
struct DispatchPlanTests {
  private let now = Instant(seconds: 1_800_000_000)

  private func candidate(_ delivery: String, _ server: String) -> DispatchPlan.Candidate {
    DispatchPlan.Candidate(delivery: DeliveryID(unchecked: delivery), server: server)
  }

  private func plan(parallel: Int = 2) -> DispatchPlan {
    DispatchPlan(parallel: parallel, longestRest: .seconds(600))
  }

  @Test("takes one at a time for each server, and no more than allowed at once")
  func bounded() {
    var plan = plan()
    let all = [
      candidate("a1", "a"), candidate("a2", "a"), candidate("b1", "b"), candidate("c1", "c"),
    ]
    #expect(plan.choose(from: all, at: now).map(\.delivery.text) == ["a1", "b1"])
    #expect(plan.choose(from: all, at: now).isEmpty)
    plan.ended(DeliveryID(unchecked: "a1"), failure: nil, at: now)
    #expect(plan.choose(from: all, at: now).map(\.delivery.text) == ["a1"])
  }

  @Test("never begins what is still running, whatever the catalogue says of it")
  func neverTwice() {
    var plan = plan(parallel: 5)
    #expect(plan.choose(from: [candidate("a1", "a")], at: now).count == 1)
    // As after discard and retry while the old upload is being stopped, and a moved destination.
    #expect(plan.choose(from: [candidate("a1", "elsewhere")], at: now).isEmpty)
  }

  @Test("leaves a failing server alone, tries it with one, and is back when that succeeds")
  func breaker() {
    var plan = plan()
    let waiting = (1...5).map { candidate("a\($0)", "a") }
    for _ in 1...3 {
      let chosen = plan.choose(from: waiting, at: now)
      #expect(chosen.count == 1)
      for one in chosen { plan.ended(one.delivery, failure: .unreachable, at: now) }
    }
    #expect(plan.choose(from: waiting, at: now).isEmpty)
    let probe = plan.nextProbe(for: waiting, after: now)
    #expect(probe == now + .seconds(10))
    // Another server is not concerned.
    #expect(plan.choose(from: [candidate("b1", "b")], at: now).count == 1)
    let later = now + .seconds(10)
    #expect(plan.choose(from: waiting, at: later).count == 1)
    plan.ended(waiting[0].delivery, failure: nil, at: later)
    #expect(plan.choose(from: waiting, at: later).count == 1)
  }

  @Test(
    "does not hold a file's own fault against its server",
    arguments: [
      DeliveryError.Kind.missingSource, .sourceChanged, .nameTaken, .verification, .interrupted,
    ])
  func ownFault(kind: DeliveryError.Kind) {
    var plan = plan()
    for _ in 1...10 {
      #expect(plan.choose(from: [candidate("a1", "a")], at: now).count == 1)
      plan.ended(DeliveryID(unchecked: "a1"), failure: kind, at: now)
    }
  }

  @Test("tries a resting server at once when a person says so")
  func renewed() {
    var plan = plan()
    let one = candidate("a1", "a")
    for _ in 1...3 {
      _ = plan.choose(from: [one], at: now)
      plan.ended(one.delivery, failure: .authentication, at: now)
    }
    #expect(plan.choose(from: [one], at: now).isEmpty)
    plan.renew("a")
    #expect(plan.choose(from: [one], at: now).count == 1)
  }

  @Test("a probe that we stopped ourselves is made again later, not never")
  func stoppedProbe() {
    var plan = plan()
    let one = candidate("a1", "a")
    for _ in 1...3 {
      _ = plan.choose(from: [one], at: now)
      plan.ended(one.delivery, failure: .timeout, at: now)
    }
    let later = now + .seconds(10)
    #expect(plan.choose(from: [one], at: later).count == 1)
    plan.ended(one.delivery, failure: .interrupted, at: later)
    #expect(plan.choose(from: [one], at: later + .seconds(600)).count == 1)
  }
}
