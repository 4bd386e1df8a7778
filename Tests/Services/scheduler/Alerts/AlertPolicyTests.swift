import Base
import Messages
import Testing

@testable import airloom_scheduler

private let start = Instant(seconds: 1_800_000_000)
private let radio = StreamID(unchecked: "radio")
private let one = NodeID(unchecked: "recorder-1")
private let two = NodeID(unchecked: "recorder-2")

@Suite("What people hear of streams and recorders")
struct AlertPolicyTests {
  private var policy = AlertPolicy(holdOff: .seconds(60))
  private var raised: Set<AlertID> = []

  private func capture(
    _ state: CaptureState, since: Int64 = 0, node: NodeID = one
  ) -> CaptureStatus {
    CaptureStatus(
      stream: radio, node: node, state: state, reason: "Connection refused.",
      since: start + .seconds(since))
  }

  /// What is said when this is how things are, as the words before the dot.
  private mutating func look(
    _ captures: [CaptureStatus], _ recorders: [AlertPolicy.Recorder] = [], at seconds: Int64,
    names: [StreamID: String] = [radio: "Radio\nOne"]
  ) -> [String] {
    let sight = AlertPolicy.Sight(names: names, captures: captures, recorders: recorders)
    return policy.look(at: sight, raised: raised, now: start + .seconds(seconds)).map { action in
      switch action {
      case .raise(let alert):
        raised.insert(alert.id)
        #expect(!alert.subject.contains("\n") && alert.at <= start + .seconds(seconds))
        return "raise \(alert.id) \((alert.at - start).components.seconds)"
      case .end(let alert):
        raised.remove(alert.id)
        return "end \(alert.id)"
      }
    }
  }

  @Test("a stream that is wanted and not captured, once it has lasted, and its end, once each")
  func stream() {
    var test = self
    #expect(test.look([capture(.capturing)], at: 0) == [])
    #expect(test.look([capture(.waiting, since: 10)], at: 10) == [])
    // Each try is a state of its own; what counts is when it began.
    #expect(test.look([capture(.connecting, since: 50)], at: 50) == [])
    #expect(test.look([capture(.waiting, since: 65)], at: 69) == [])
    #expect(test.look([capture(.waiting, since: 65)], at: 70) == ["raise stream-down.radio 10"])
    #expect(test.look([capture(.stalled, since: 80)], at: 90) == [])
    #expect(test.look([capture(.capturing, since: 95)], at: 95) == ["end stream-down.radio"])
    #expect(test.look([capture(.capturing, since: 95)], at: 300) == [])
    #expect(test.look([capture(.waiting, since: 301)], at: 301) == [])
    #expect(test.look([capture(.waiting, since: 301)], at: 361) == ["raise stream-down.radio 301"])
    #expect(test.look([capture(.idle, since: 362)], at: 362) == ["end stream-down.radio"])
  }

  @Test("a short trouble is nobody's business, and one recorder that captures is enough")
  func enough() {
    var test = self
    #expect(test.look([capture(.waiting)], at: 59) == [])
    #expect(test.look([capture(.capturing)], at: 60) == [])
    #expect(test.look([capture(.waiting, since: 61)], at: 100) == [])
    #expect(
      test.look([capture(.waiting), capture(.capturing, node: two)], at: 1000) == [])
    #expect(
      test.look([capture(.waiting), capture(.idle, node: two)], at: 2000)
        == ["raise stream-down.radio 1000"])
  }

  @Test("a stream that only just connects is not down, even where nobody wants a hold-off")
  func onlyConnecting() {
    var test = self
    test.policy.holdOff = .zero
    #expect(test.look([capture(.connecting, since: 5)], at: 5) == [])
    #expect(test.look([capture(.capturing, since: 6)], at: 7) == [])
    #expect(test.look([capture(.connecting, since: 10)], at: 10) == [])
    #expect(test.look([capture(.waiting, since: 11)], at: 11) == ["raise stream-down.radio 10"])
    #expect(test.look([capture(.capturing, since: 12)], at: 12) == ["end stream-down.radio"])
    // One that never gets anywhere is told all the same.
    #expect(test.look([capture(.connecting, since: 20)], at: 34) == [])
    #expect(test.look([capture(.connecting, since: 20)], at: 35) == ["raise stream-down.radio 20"])
  }

  @Test("after a restart the time is counted from what recorders said, and nothing is said twice")
  func restart() {
    var test = self
    #expect(test.look([capture(.waiting)], at: 500) == ["raise stream-down.radio 0"])
    var again = AlertPolicyTests()
    again.raised = test.raised
    #expect(again.look([capture(.waiting)], at: 600) == [])
    #expect(again.look([capture(.capturing)], at: 700) == ["end stream-down.radio"])
    again.raised = [AlertPolicy.id(of: radio)]
    #expect(again.look([], at: 800, names: [:]) == ["end stream-down.radio"])
  }

  @Test("a recorder that falls silent, unless it said that it would, and its return")
  func recorder() {
    func recorder(_ isPresent: Bool, _ silence: Int64, hasLeft: Bool = false)
      -> [AlertPolicy.Recorder]
    {
      [.init(node: one, isPresent: isPresent, silence: .seconds(silence), hasLeft: hasLeft)]
    }
    var test = self
    #expect(test.look([], recorder(true, 0), at: 0) == [])
    #expect(test.look([], recorder(false, 59), at: 59) == [])
    #expect(test.look([], recorder(false, 900, hasLeft: true), at: 900) == [])
    #expect(test.look([], recorder(false, 61), at: 61) == ["raise recorder-lost.recorder-1 0"])
    #expect(test.look([], recorder(false, 99), at: 99) == [])
    #expect(test.look([], recorder(true, 0), at: 100) == ["end recorder-lost.recorder-1"])
  }

  @Test("a recording that was missed, or lacks something, and no other")
  func recordings() throws {
    func recording(_ state: RecordingState, gaps: [Gap] = []) -> Recording {
      Recording(
        id: JobID(unchecked: "job"), schedule: ScheduleID(unchecked: "s"), stream: radio,
        title: "News", start: start, end: start + .seconds(60), paddedStart: start,
        paddedEnd: start + .seconds(60), state: state, reason: "Because.",
        file: FinishedFile(
          path: "/p", name: "n", bytes: 1, sha256: "", contentType: "", durationUs: 1, gaps: gaps),
        updatedAt: start)
    }
    for state in RecordingState.allCases where state != .missed {
      #expect(RecordingAlerts.alert(for: recording(state)) == nil)
    }
    let missed = try #require(RecordingAlerts.alert(for: recording(.missed)))
    #expect(missed.severity == .critical && missed.subject == "Missed: News")
    #expect(missed.text.hasSuffix("was not recorded. Because.") && missed.isEvent == true)
    let gap = Gap(
      start: start + .seconds(5), end: start + .milliseconds(6230), cause: .sourceClosed,
      detail: "It hung up.")
    let lossy = try #require(
      RecordingAlerts.alert(
        for: recording(
          .committed,
          gaps: [
            gap, Gap(start: start, end: start + .milliseconds(26), cause: .sourceGap, detail: ""),
          ]
        )))
    #expect(lossy.subject == "Recorded with 1.3 s missing: News")
    #expect(lossy.text.contains("2 gaps, the longest of 1.2 s at 2027-01-15 08:00:05 UTC"))
    #expect(lossy.text.hasSuffix("(source-closed). It hung up."))
  }
}
