import Base
import Messages
import Testing

@testable import airloom_converter

@Suite("What becomes of a conversion")
struct ConversionPolicyTests {
  private let policy = ConversionPolicy(attemptsAllowed: 2, crashesAllowed: 3, rest: .seconds(30))
  private let now = Instant(seconds: 1000)

  private func after(
    _ events: [ConversionPolicy.Event], from start: ConversionStanding = ConversionStanding()
  ) -> ConversionStanding {
    events.reduce(start) { policy.next($0, $1, now: now).0 }
  }

  @Test("the whole way")
  func wholeWay() {
    var states: [ConversionState] = []
    var standing = ConversionStanding()
    for event in [.waits("It grows."), .ready, .begun, .encoded, .converted]
      as [ConversionPolicy.Event]
    {
      standing = policy.next(standing, event, now: now).0
      states.append(standing.state)
    }
    #expect(states == [.growing, .queued, .converting, .verifying, .converted])
    #expect(standing == ConversionStanding(state: .converted, attempts: 1))
  }

  @Test("a drop that fails is tried again, then set aside; a person gives it a new start")
  func failures() {
    let fault = ConversionPolicy.Event.failed(ConverterError(.transcode, "Broken."))
    let once = after([.ready, .begun, fault])
    #expect(once.state == .queued && once.reason == "Broken.")
    #expect(once.retryAt == now + .seconds(30))
    let twice = after([.begun, fault], from: once)
    #expect(twice.state == .failed && twice.reason == "Broken." && twice.retryAt == nil)
    #expect(after([.ready, .begun, .changed, .restarted], from: twice) == twice)
    let again = after([.retryAsked], from: twice)
    #expect(again == ConversionStanding(state: .growing, attempts: 2))
  }

  @Test("a drop that changed or went is looked at anew, and costs no try")
  func changed() {
    let changed = ConverterError(.sourceChanged, "It was changed.")
    let standing = after([.ready, .begun, .failed(changed)])
    #expect(standing.state == .growing && standing.failures == 0)
    #expect(after([.ready, .changed]).state == .growing)
    #expect(after([.ready, .vanished]).state == .vanished)
    #expect(after([.ready, .vanished, .renamed]).state == .growing)
  }

  @Test("a full disk is waited for, however often")
  func room() {
    let full = ConverterError(.noSpace, "There is no room.")
    var standing = after([.ready])
    for _ in 0..<20 { standing = after([.begun, .failed(full)], from: standing) }
    #expect(standing.state == .queued && standing.reason == "There is no room.")
  }

  @Test("a drop that takes the process down is set aside at the third time")
  func crashes() {
    var standing = ConversionStanding()
    for _ in 0..<2 {
      standing = after([.ready, .begun, .encoded, .restarted], from: standing)
      #expect(standing.state == .growing)
    }
    standing = after([.ready, .begun, .restarted], from: standing)
    #expect(standing.state == .failed && standing.reason == ConversionPolicy.crashed)
    // An orderly stop in between is no crash.
    let stopped = ConverterError(.interrupted, "The converter stops.")
    standing = after([.ready, .begun, .restarted, .ready, .begun, .failed(stopped)])
    #expect(standing.crashes == 0 && standing.state == .growing)
  }

  @Test("calling off stops the work, and what is there all the same is there")
  func cancel() {
    let running = after([.ready, .begun])
    let (cancelled, actions) = policy.next(running, .cancelAsked, now: now)
    #expect(cancelled.state == .failed && cancelled.isCancelled)
    #expect(actions == [.stopWork])
    #expect(policy.next(after([.ready]), .cancelAsked, now: now).1.isEmpty)
    let late = ConverterError(.interrupted, "It stops.")
    #expect(after([.failed(late)], from: cancelled) == cancelled)
    #expect(after([.converted], from: cancelled).state == .converted)
    #expect(after([.cancelAsked], from: after([.converted])).state == .converted)
  }
}
