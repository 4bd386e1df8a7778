import Base
import Testing

@testable import airloom_recorder

struct TrialPolicyTests {
  /// Runs the policy beside a capture; every 100 ms it is asked.
  struct Run {
    var policy: TrialPolicy
    var view: TrialPolicy.View
    /// What a trial of each address brings; nil: it fails.
    var answers: [Int: TrialPolicy.Trial] = [:]
    var now = Monotonic(nanoseconds: 0)
    var trial: (address: Int, since: Monotonic)?
    var log: [(at: Double, what: TrialPolicy.Action)] = []

    init(addresses: Int, at address: Int, finding: StallLadder.Finding.Kind? = nil) {
      policy = TrialPolicy(addresses: addresses)
      view = TrialPolicy.View(
        address: address, isCapturing: true, finding: finding.map { StallLadder.Finding($0) })
    }

    var actions: [TrialPolicy.Action] { log.map(\.what) }

    mutating func pass(_ seconds: Double) {
      for _ in 0..<Int((seconds * 10).rounded()) {
        now = now + .milliseconds(100)
        let action = policy.look(view, shown, now)
        guard let action else { continue }
        log.append((Double(now.nanoseconds) / 1e9, action))
        switch action {
        case .attempt(let address): trial = (address, now)
        case .drop: trial = nil
        case .takeOver(let address):
          trial = nil
          view.address = address
          view.finding = nil
        }
      }
    }

    private var shown: TrialPolicy.Trial? {
      guard let trial else { return nil }
      guard var answer = answers[trial.address] else {
        return TrialPolicy.Trial(hasFailed: true)
      }
      answer.framesFor = now - trial.since
      answer.media = now - trial.since
      return answer
    }
  }

  static let good = TrialPolicy.Trial(keepsPace: true, isSame: false)

  @Test func `Nothing is tried beside a first address that is well`() {
    var run = Run(addresses: 3, at: 0)
    run.pass(3600)
    #expect(run.actions.isEmpty)
  }

  @Test func `The first address is tried at growing intervals while another one is captured`() {
    var run = Run(addresses: 2, at: 1)
    run.pass(4000)
    let tries = run.log.filter { $0.what == .attempt(address: 0) }.map(\.at)
    let waits = zip(tries, tries.dropFirst()).map { $1 - $0 }
    #expect(tries.first.map { $0 > 14 && $0 < 16 } == true)
    for (wait, expected) in zip(waits, [30.0, 60, 120, 240, 480, 600, 600]) {
      #expect(abs(wait - expected) < 1, "\(waits)")
    }
    #expect(waits.count >= 6)
  }

  @Test func `The first address takes over once it has been steady, and not before`() {
    var run = Run(addresses: 2, at: 1)
    run.answers[0] = Self.good
    run.pass(60)
    #expect(run.actions == [.attempt(address: 0), .takeOver(address: 0)])
    #expect(run.log.count == 2 && run.log[1].at - run.log[0].at >= 10)
  }

  @Test func `A first address that comes and goes is asked less and less`() {
    var run = Run(addresses: 2, at: 1)
    run.answers[0] = Self.good
    run.pass(30)
    run.view.address = 1
    run.pass(200)
    let tries = run.log.filter { $0.what == .attempt(address: 0) }.map(\.at)
    #expect(tries.count == 2 && tries[1] - 30 > 29, "\(tries)")
  }

  @Test func `The ladder goes up: beside, elsewhere, told; and nothing is cut on the way`() {
    var run = Run(addresses: 3, at: 0, finding: .slow(share: 0.4))
    run.pass(3)
    #expect(
      run.actions == [
        .attempt(address: 0), .drop, .attempt(address: 1), .drop, .attempt(address: 2), .drop,
      ])
    #expect(run.policy.stage(of: run.view) == .told)
    run.pass(3600)
    let firsts = run.log.filter { $0.what == .attempt(address: 0) }.map(\.at)
    #expect(firsts.count >= 6 && firsts[1] - firsts[0] > 59)
    #expect(!run.actions.contains { if case .takeOver = $0 { true } else { false } })
  }

  @Test func `A second connection that keeps pace takes the place of a slow one`() {
    var run = Run(addresses: 1, at: 0, finding: .slow(share: 0.4))
    run.answers[0] = TrialPolicy.Trial(keepsPace: true, isSame: true)
    run.pass(15)
    #expect(run.actions == [.attempt(address: 0), .takeOver(address: 0)])
  }

  @Test(arguments: [
    StallLadder.Finding.Kind.looping(period: .seconds(10), for: .seconds(60)),
    .silent(for: .seconds(60)), .changed(from: .init(), to: .init()),
  ])
  func `The same sound from elsewhere is no cure, other sound is`(_ kind: StallLadder.Finding.Kind)
  {
    var run = Run(addresses: 2, at: 0, finding: kind)
    run.answers[0] = TrialPolicy.Trial(keepsPace: true, isSame: true)
    run.answers[1] = Self.good
    run.pass(60)
    #expect(
      run.actions.prefix(4) == [
        .attempt(address: 0), .drop, .attempt(address: 1), .takeOver(address: 1),
      ])
  }

  @Test func `What is slow itself, or has its own trouble, does not take over`() {
    for bad in [
      TrialPolicy.Trial(keepsPace: false, isSame: false),
      TrialPolicy.Trial(
        keepsPace: true, finding: StallLadder.Finding(.silent(for: .seconds(40))), isSame: false),
    ] {
      var run = Run(addresses: 2, at: 1)
      run.answers[0] = bad
      run.pass(120)
      #expect(!run.actions.contains(.takeOver(address: 0)))
    }
  }

  @Test func `A trouble that goes away ends the trial`() {
    var run = Run(addresses: 1, at: 0, finding: .slow(share: 0.4))
    run.answers[0] = TrialPolicy.Trial(keepsPace: nil)
    run.pass(2)
    run.view.finding = nil
    run.pass(2)
    #expect(run.actions == [.attempt(address: 0), .drop])
    #expect(run.policy.stage(of: run.view) == .quiet)
  }

  @Test func `A capture that is cut off leaves nothing running beside it`() {
    var run = Run(addresses: 2, at: 1)
    run.answers[0] = TrialPolicy.Trial(keepsPace: nil)
    run.pass(20)
    #expect(run.actions == [.attempt(address: 0)])
    run.view.isCapturing = false
    run.pass(5)
    #expect(run.actions.last == .drop && run.actions.count == 2)
  }
}
