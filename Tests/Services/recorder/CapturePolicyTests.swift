import Base
import Messages
import Testing

@testable import airloom_recorder

struct CapturePolicyTests {
  /// Runs a policy through time; every 100 ms it is ticked.
  struct Run {
    var policy: CapturePolicy
    var now = Monotonic(nanoseconds: 0)
    var connects: [(at: Double, address: Int)] = []
    var reports: [CaptureState] = []
    var outages: [Gap.Cause] = []
    /// What was done about a second connection.
    var steps: [CapturePolicy.Action] = []

    init(addresses: Int = 1) { policy = CapturePolicy(addresses: addresses, seed: 1) }

    var seconds: Double { Double(now.nanoseconds) / 1e9 }

    mutating func send(_ event: CapturePolicy.Event) {
      for action in policy.handle(event, now: now) {
        switch action {
        case .connect(let address): connects.append((seconds, address))
        case .probe, .promoteProbe, .dropProbe, .resumed: steps.append(action)
        case .disconnect: break
        case .outage(let failure): outages.append(failure.cause)
        case .report(let state, _): reports.append(state)
        }
      }
    }

    /// Time passes; `each` is sent with every tick.
    mutating func pass(_ seconds: Double, _ each: CapturePolicy.Event? = nil) {
      for _ in 0..<Int((seconds * 10).rounded()) {
        now = now + .milliseconds(100)
        if let each { send(each) }
        send(.tick)
      }
    }
  }

  static let refused = SourceFailure(.sourceUnreachable, "refused")

  @Test func `The first retry is immediate, later ones come ever later, at most every 6 s`() {
    var run = Run()
    run.send(.wanted)
    for _ in 0..<12 {
      let count = run.connects.count
      run.send(.failed(Self.refused))
      for _ in 0..<100 where run.connects.count == count { run.pass(0.1) }
    }
    let waits = zip(run.connects, run.connects.dropFirst()).map { $1.at - $0.at }
    let floors = [0, 0.1, 0.25, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 2, 4, 5]
    #expect(waits.count == floors.count)
    for (wait, floor) in zip(waits, floors) {
      // A tick and a quarter of spread.
      #expect(wait >= floor && wait <= floor * 1.25 + 0.11, "\(waits)")
    }
  }

  @Test func `A source that works for ten seconds is forgiven everything`() {
    var run = Run()
    run.send(.wanted)
    for _ in 0..<6 {
      run.send(.failed(Self.refused))
      run.pass(4)
    }
    run.pass(11, .frames)
    let count = run.connects.count
    run.send(.failed(.closed))
    #expect(run.connects.count == count + 1)
  }

  @Test func `A source that fails right after each connect is not asked at once every time`() {
    var run = Run()
    run.send(.wanted)
    for _ in 0..<100 {
      run.pass(0.1, .frames)
      run.send(.failed(.closed))
    }
    #expect(run.connects.count < 12)
  }

  @Test func `Silence for three seconds brings a second connection, the next time six`() {
    var run = Run()
    run.send(.wanted)
    run.pass(1, .frames)
    run.pass(2.8)
    #expect(run.steps == [])
    run.pass(0.3)
    #expect(run.steps == [.probe(address: 0)])
    #expect(run.outages == [.sourceStalled])
    #expect(run.reports.last == .stalled)
    // The old one comes back before the new one: nothing was lost.
    run.send(.bytes)
    #expect(run.steps.dropFirst() == [.dropProbe, .resumed])
    #expect(run.reports.last == .capturing)
    run.pass(1, .frames)
    run.pass(5.8)
    #expect(run.steps.count == 3)
    run.pass(0.3)
    #expect(run.steps.last == .probe(address: 0))
    #expect(run.connects.count == 1)
  }

  @Test func `The old connection may come back for five seconds after the new one brings frames`() {
    for patience in [4.8, 5.2] {
      var run = Run()
      run.send(.wanted)
      run.pass(1, .frames)
      run.pass(3.1)
      run.pass(patience, .probeFrames)
      run.send(.frames)
      let last: [CapturePolicy.Action] = patience < 5 ? [.dropProbe, .resumed] : [.promoteProbe]
      #expect(run.steps == [.probe(address: 0)] + last)
      #expect(run.reports.last == .capturing)
    }
  }

  @Test func `When the old connection ends, the new one takes its place at once`() {
    var run = Run()
    run.send(.wanted)
    run.pass(1, .frames)
    run.pass(3.1)
    run.send(.failed(.closed))
    #expect(run.steps == [.probe(address: 0), .promoteProbe])
    #expect(run.reports.last == .connecting)
    run.send(.frames)
    #expect(run.reports.last == .capturing)
    #expect(run.connects.count == 1)
  }

  @Test func `While no second connection can be made, the silent one is kept for a minute`() {
    var run = Run()
    run.send(.wanted)
    run.pass(1, .frames)
    run.pass(3.1)
    for _ in 0..<580 {
      if case .probe = run.steps.last { run.send(.probeFailed(Self.refused)) }
      run.pass(0.1)
    }
    #expect(run.connects.count == 1)
    #expect(run.steps.count { $0 == .probe(address: 0) } > 5)
    for _ in 0..<80 {
      if case .probe = run.steps.last { run.send(.probeFailed(Self.refused)) }
      run.pass(0.1)
    }
    #expect(run.connects.count == 2)
  }

  @Test func `Bytes without frames keep a connection, but not for ever without an answer`() {
    var run = Run()
    run.send(.wanted)
    run.pass(11.8, .bytes)
    #expect(run.outages == [])
    run.pass(0.3, .bytes)
    #expect(run.outages == [.sourceUnreachable])
  }

  @Test
  func `A source that does not answer is in the ledger after a second, and given up after 12`() {
    var run = Run()
    run.send(.wanted)
    run.pass(0.9)
    #expect(run.outages == [])
    run.pass(10.9)
    #expect(run.outages == [.sourceUnreachable] && run.connects.count == 1)
    run.pass(0.3)
    #expect(run.outages.count == 2 && run.connects.count == 2)
  }

  @Test func `After two failures the next address is tried, and the first again once all is well`()
  {
    var run = Run(addresses: 3)
    run.send(.wanted)
    for _ in 0..<7 {
      run.send(.failed(Self.refused))
      run.pass(7)
    }
    #expect(run.connects.map(\.address) == [0, 0, 1, 1, 2, 2, 0, 0])
    run = Run(addresses: 2)
    run.send(.wanted)
    for _ in 0..<2 {
      run.send(.failed(Self.refused))
      run.pass(1)
    }
    run.pass(11, .frames)
    run.send(.failed(.closed))
    #expect(run.connects.map(\.address) == [0, 0, 1, 0])
  }

  @Test func `A refusal is repeated seldom and Retry-After is heeded`() {
    var run = Run()
    run.send(.wanted)
    run.send(.failed(SourceFailure(.sourceRefused, "401", pace: .patient)))
    run.pass(4.9)
    #expect(run.connects.count == 1)
    run.pass(1.5)
    #expect(run.connects.count == 2)
    run.send(.failed(SourceFailure(.sourceRefused, "503", retryAfter: .seconds(30))))
    run.pass(29.9)
    #expect(run.connects.count == 2)
    run.pass(0.2)
    #expect(run.connects.count == 3)
  }

  @Test func `Nothing happens to a capture that nobody wants`() {
    var run = Run()
    for event: CapturePolicy.Event in [.unwanted, .bytes, .frames, .failed(.closed), .tick] {
      run.send(event)
    }
    #expect(run.connects.isEmpty && run.reports.isEmpty && run.outages.isEmpty)
    run.send(.wanted)
    run.send(.unwanted)
    run.pass(60)
    #expect(run.connects.count == 1)
    #expect(run.reports.last == .idle)
  }
}
