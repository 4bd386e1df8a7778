import Base
import Messages
import Testing

@testable import airloom_recorder

struct PlanPolicyTests {
  static let zero = Instant(seconds: 1_800_000_000)

  static func item(
    _ job: String, _ start: Int64, _ end: Int64, _ phase: RecordingPhase = .planned,
    stream: StreamID = .radio, isSpare: Bool = false
  ) -> PlanPolicy.Item {
    PlanPolicy.Item(
      job: JobID(unchecked: job), stream: stream, start: zero + .seconds(start),
      end: zero + .seconds(end), phase: phase, isSpare: isSpare)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var items: [PlanPolicy.Item]
    var isPaused = false
    var streams: Set<StreamID> = []
    var starts: [String] = []
    var ends: [String] = []
    var next: Int64?
  }

  static let tv = StreamID(unchecked: "tv")

  static let cases: [Case] = [
    Case(testDescription: "nothing is planned", items: []),
    Case(
      testDescription: "a spare one is captured and never opened",
      items: [item("a", -5, 100, isSpare: true)], streams: [.radio], next: 108),
    Case(
      testDescription: "a spare one takes the last frames with it",
      items: [item("a", -100, -5, isSpare: true)], streams: [.radio], next: 3),
    Case(
      testDescription: "a spare one that is over waits to be asked",
      items: [item("a", -100, -9, isSpare: true), item("b", -90, -9, .recording, isSpare: true)]),
    Case(
      testDescription: "a spare one that runs goes on while paused",
      items: [item("a", -5, 100, isSpare: true), item("b", 5, 100, stream: tv, isSpare: true)],
      isPaused: true, streams: [.radio], next: 108),
    Case(testDescription: "an hour ahead", items: [item("a", 3600, 7200)], next: 3590),
    Case(
      testDescription: "the lead has begun", items: [item("a", 5, 100)], streams: [.radio], next: 5),
    Case(
      testDescription: "the window opens now", items: [item("a", 0, 100)], streams: [.radio],
      starts: ["a"]),
    Case(
      testDescription: "the window is open", items: [item("a", -50, 100, .recording)],
      streams: [.radio], next: 100),
    Case(
      testDescription: "the window closes now", items: [item("a", -50, 0, .recording)], ends: ["a"]),
    Case(
      testDescription: "a window that passed unseen still begins, without a connection",
      items: [item("a", -50, -10)], starts: ["a"]),
    Case(
      testDescription: "one ends while another of the stream runs on",
      items: [item("a", -50, 0, .recording), item("b", -5, 60, .recording)], streams: [.radio],
      ends: ["a"], next: 60),
    Case(
      testDescription: "two streams",
      items: [item("a", -50, 40, .recording), item("b", 5, 60, stream: tv)], streams: [.radio, tv],
      next: 5),
    Case(
      testDescription: "what is finishing needs no stream of its own",
      items: [item("a", -50, -1, .finishing), item("b", -50, -1, .placing)]),
    Case(
      testDescription: "paused: what runs goes on, nothing begins",
      items: [item("a", -50, 40, .recording), item("b", -5, 60, stream: tv)], isPaused: true,
      streams: [.radio], next: 40),
  ]

  @Test(arguments: cases)
  func `What is due follows from the plan and the time`(_ example: Case) {
    let due = PlanPolicy(lead: .seconds(10)).due(
      example.items, now: Self.zero, isPaused: example.isPaused)
    #expect(due.streams == example.streams)
    #expect(due.starts.map(\.text) == example.starts)
    #expect(due.ends.map(\.text) == example.ends)
    // What begins now is looked at again once it has.
    if example.starts.isEmpty { #expect(due.next == example.next.map { Self.zero + .seconds($0) }) }
  }
}
