import Base
import Messages
import Testing

@testable import airloom_delivery

@Suite("What becomes of a delivery")
struct DeliveryPolicyTests {
  private let policy = DeliveryPolicy()
  private let now = Instant(seconds: 1_800_000_000)

  /// Applies the events one after another and answers with the last state and all actions.
  private func after(
    _ events: DeliveryPolicy.Event..., from start: DeliveryStanding = DeliveryStanding()
  ) -> (state: DeliveryStanding, actions: [DeliveryPolicy.Action]) {
    var generator = SplitMix64(seed: 7)
    var state = start
    var actions: [DeliveryPolicy.Action] = []
    for event in events {
      let (next, more) = policy.next(state, event, now: now, using: &generator)
      state = next
      actions += more
    }
    return (state, actions)
  }

  private func failed(_ kind: DeliveryError.Kind) -> DeliveryPolicy.Event {
    .failed(DeliveryError(kind, "because"))
  }

  @Test("a good one is queued, sent, verified and delivered in one try")
  func good() {
    let (state, actions) = after(.begun, .bytesSent, .delivered(remotePath: "in/a.mp3"))
    #expect(state.state == .delivered)
    #expect(state.attempts == 1)
    #expect(state.remotePath == "in/a.mp3")
    #expect(state.reason == nil)
    #expect(actions.isEmpty)
  }

  @Test("the try is counted when it begins")
  func countedBefore() {
    #expect(after(.begun).state.attempts == 1)
    #expect(after(.begun, .restarted).state.attempts == 1)
    #expect(after(.begun, .restarted, .begun).state.attempts == 2)
  }

  @Test("every kind of failure leads where its class says", arguments: DeliveryError.Kind.allCases)
  func everyKind(kind: DeliveryError.Kind) {
    let (state, actions) = after(.begun, failed(kind))
    switch (kind, kind.failureClass) {
    case (.interrupted, _):
      #expect(state.state == .queued)
      #expect(state.failures == 0)
    case (_, .useless):
      #expect(state.state == .dead)
      #expect(actions == [.raiseDeadLetter])
      #expect(state.retryAt == nil)
    case (_, .awaitsEdit):
      #expect(state.state == .waiting)
      #expect(state.retryAt == nil)
    case (_, .awaitsThem):
      #expect(state.state == .waiting)
      #expect(state.retryAt == now + .seconds(600))
    case (_, .outage), (_, .fault):
      #expect(state.state == .waiting)
      #expect((state.retryAt ?? .distantFuture) <= now + .seconds(1))
      #expect((state.retryAt ?? .epoch) >= now)
    }
  }

  @Test(
    "the wait grows with jitter to ten minutes and no further",
    arguments: [(1, 1), (2, 2), (5, 16), (10, 512), (11, 600), (200, 600)])
  func backoff(failures: Int, ceiling: Int) {
    var start = DeliveryStanding()
    start.failures = failures - 1
    start.state = .sending
    var waits: Set<Instant> = []
    for seed in 0..<50 {
      var generator = SplitMix64(seed: UInt64(seed))
      let (state, _) = policy.next(
        start, failed(.unreachable), now: now, using: &generator)
      waits.insert(state.retryAt ?? .distantFuture)
    }
    #expect(waits.allSatisfy { $0 >= now && $0 <= now + .seconds(ceiling) })
    #expect(waits.count > 40)
    #expect((waits.max() ?? .epoch) > now + .milliseconds(ceiling * 800))
  }

  @Test(
    "the last allowed failure makes a dead letter",
    arguments: [
      (DeliveryError.Kind.unreachable, 300), (.verification, 12), (.authentication, 12),
    ])
  func usedUp(kind: DeliveryError.Kind, tries: Int) {
    var start = DeliveryStanding(state: .sending)
    start.failures = tries - 2
    #expect(after(failed(kind), from: start).state.state == .waiting)
    start.failures = tries - 1
    let (state, actions) = after(failed(kind), from: start)
    #expect(state.state == .dead)
    #expect(state.reason == "because")
    #expect(actions == [.raiseDeadLetter])
  }

  @Test("one that takes the process down three times is set aside")
  func poison() {
    let twice = after(.begun, .restarted, .begun, .restarted)
    #expect(twice.state.state == .queued)
    let thrice = after(.begun, .restarted, from: twice.state)
    #expect(thrice.state.state == .dead)
    #expect(thrice.state.kind == .poison)
    #expect(thrice.actions == [.raiseDeadLetter])
    #expect(after(.retryAsked, .begun, .restarted, from: thrice.state).state.state == .queued)
  }

  @Test("crashes in between do not add up over tries that ended")
  func crashesInARow() {
    let state = after(
      .begun, .restarted, .begun, .restarted, .begun, failed(.timeout), .begun, .restarted
    ).state
    #expect(state.state == .queued)
  }

  @Test(
    "an edited destination wakes what the edit may have mended, dead or waiting",
    arguments: DeliveryError.Kind.allCases)
  func editWakes(kind: DeliveryError.Kind) {
    let start = after(.begun, failed(kind)).state
    let state = after(.destinationMended, from: start).state
    if kind.mayHealByEdit {
      #expect(state.state == .queued)
      #expect(state.failures == 0)
      #expect(state.attempts == 1)
    } else {
      #expect(state == start)
    }
  }

  @Test("an edit of the destination heals a wrong host key and a wrong user")
  func editHealsKeys() {
    for kind in [DeliveryError.Kind.hostKeyUnknown, .hostKeyChanged, .authentication] {
      #expect(kind.mayHealByEdit)
    }
  }

  @Test("an edit leaves alone what is under way, done or given up")
  func editLeavesAlone() {
    for state in [DeliveryState.queued, .sending, .verifying, .delivered, .discarded] {
      var start = DeliveryStanding(state: state)
      start.kind = .authentication
      #expect(after(.destinationMended, from: start).state == start)
    }
  }

  @Test("a person can retry what waits, is dead or was given up, and nothing else")
  func retry() {
    for state in DeliveryState.allCases {
      let new = after(.retryAsked, from: DeliveryStanding(state: state)).state.state
      let isRetried = [.waiting, .dead, .discarded].contains(state)
      #expect(new == (isRetried ? .queued : state))
    }
  }

  @Test("giving up one that is being sent stops the upload; what had arrived has arrived")
  func discard() {
    let (state, actions) = after(.begun, .discardAsked)
    #expect(state.state == .discarded)
    #expect(actions == [.stopUpload])
    #expect(after(failed(.interrupted), from: state).state.state == .discarded)
    #expect(after(.delivered(remotePath: "a"), from: state).state.state == .delivered)
    #expect(after(.discardAsked).actions.isEmpty)
  }
}
