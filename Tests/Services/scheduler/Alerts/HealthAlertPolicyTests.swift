import Base
import Messages
import Testing

@testable import airloom_scheduler

struct HealthAlertPolicyTests {
  /// Shows the policy how things are every two seconds, and keeps what it raised.
  struct Run {
    var policy = HealthAlertPolicy(holdOff: .seconds(60))
    var statuses: [CaptureStatus] = []
    var recorders: [HealthAlertPolicy.Recorder] = []
    var raised: Set<AlertID> = []
    var log: [String] = []
    var subjects: [String] = []
    var now = Instant(seconds: 1_800_000_000)
    var monotonic = Monotonic(nanoseconds: 0)

    mutating func pass(_ seconds: Int) {
      for _ in 0..<seconds / 2 {
        now += .seconds(2)
        monotonic = monotonic + .seconds(2)
        let sight = AlertPolicy.Sight(
          names: [StreamID(unchecked: "radio"): "Radio"], captures: statuses, recorders: [])
        let actions = policy.look(
          at: sight, troubles: recorders, raised: raised, now: now, monotonic: monotonic)
        for action in actions {
          switch action {
          case .raise(let alert):
            raised.insert(alert.id)
            log.append("+\(alert.id)")
            subjects.append(alert.subject + " | " + alert.text)
          case .end(let alert):
            raised.remove(alert.id)
            log.append("-\(alert.id)")
          }
        }
      }
    }

    mutating func show(_ score: Int?, _ state: CaptureState = .capturing) {
      statuses = [
        CaptureStatus(
          stream: StreamID(unchecked: "radio"), node: NodeID(unchecked: "recorder-1"),
          state: state, since: now,
          health: score.map { StreamHealth(score: $0, reasons: ["It loops."]) })
      ]
    }

    mutating func show(faults: [String], fullIn: Duration? = nil, isPresent: Bool = true) {
      recorders = [
        HealthAlertPolicy.Recorder(
          node: NodeID(unchecked: "recorder-1"), isPresent: isPresent, faults: faults,
          diskFullAt: fullIn.map { now + $0 })
      ]
    }
  }

  @Test func `A stream that is captured badly for a minute is told once, with its reasons`() {
    var run = Run()
    run.show(50)
    run.pass(50)
    #expect(run.log.isEmpty)
    run.pass(600)
    #expect(run.log == ["+stream-unhealthy.radio"])
    #expect(run.subjects.first?.contains("It loops.") == true)
    // Wavering about the threshold is no news, and neither is a short recovery.
    run.show(60)
    run.pass(300)
    run.show(90)
    run.pass(30)
    run.show(40)
    run.pass(300)
    #expect(run.log.count == 1)
    run.show(90)
    run.pass(90)
    #expect(run.log == ["+stream-unhealthy.radio", "-stream-unhealthy.radio"])
  }

  @Test func `Silence of the line is the other policy's, and an unwanted stream is well`() {
    var run = Run()
    run.show(0, .waiting)
    run.pass(300)
    #expect(run.log.isEmpty)
    run.show(30)
    run.pass(100)
    run.show(nil, .idle)
    run.pass(100)
    #expect(run.log == ["+stream-unhealthy.radio", "-stream-unhealthy.radio"])
  }

  @Test func `The better of two captures counts`() {
    var run = Run()
    run.show(20)
    var other = run.statuses[0]
    other.node = NodeID(unchecked: "recorder-2")
    other.health = StreamHealth(score: 100)
    run.statuses.append(other)
    run.pass(300)
    #expect(run.log.isEmpty)
  }

  @Test func `A disk that will be full within a day is told hours before, once`() {
    var run = Run()
    run.show(faults: [], fullIn: .seconds(30 * 3600))
    run.pass(300)
    #expect(run.log.isEmpty)
    run.show(faults: ["disk: it will be full in 20 h"], fullIn: .seconds(20 * 3600))
    run.pass(300)
    #expect(run.log == ["+disk-filling.recorder-1"])
    #expect(run.subjects.first?.contains("full in 19 hours") == true, "\(run.subjects)")
    run.show(faults: [])
    run.pass(100)
    #expect(run.log.last == "-disk-filling.recorder-1" && run.log.count == 2)
  }

  @Test func `What a recorder says of itself is passed on, and a silent one changes nothing`() {
    var run = Run()
    run.show(faults: ["memory: Memory is short."])
    run.pass(100)
    #expect(run.log == ["+recorder-trouble.recorder-1"])
    run.show(faults: [], isPresent: false)
    run.pass(300)
    #expect(run.log.count == 1)
    run.show(faults: [])
    run.pass(100)
    #expect(run.log.last == "-recorder-trouble.recorder-1")
    run.recorders = []
    run.raised = [AlertID(unchecked: "recorder-trouble.gone")]
    run.pass(2)
    #expect(run.log.last == "-recorder-trouble.gone")
  }
}
