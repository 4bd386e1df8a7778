import Base
import Messages
import Storage
import Testing

@testable import Bus
@testable import airloom_scheduler

@Suite struct CommandDeskTests {
  private let bench: SchedulerBench
  private let now: Instant

  init() throws {
    bench = try SchedulerBench()
    now = bench.time.now()
  }

  @Test func aStreamIsStoredAndSaidToAllWithTheOutcome() async throws {
    try await bench.addStream()
    let said = try await bench.said(StreamChanged.self)
    #expect(said.map(\.to) == ["*"])
    #expect(said.first?.message.stream?.id == SchedulerBench.radio)
  }

  @Test func aStreamThatMustBeNewMayNotExist() async throws {
    try await bench.addStream()
    let outcome = try await bench.command(
      PutStream(
        stream: StreamDefinition(
          id: SchedulerBench.radio, name: "Other", urls: ["http://h/"]), mustBeNew: true))
    #expect(outcome.refusal == .conflict)
    #expect(outcome.field == "id")
    #expect(try await bench.said(StreamChanged.self).count == 1)
  }

  @Test(
    arguments: [
      ("no name", "  ", ["http://h/"], "name"), ("no address", "Radio", [], "urls"),
      ("a file", "Radio", ["file:///etc/passwd"], "urls"),
      ("no host", "Radio", ["http:///x"], "urls"),
      ("only a port", "Radio", ["http://:80/"], "urls"),
      ("a device without a format", "Radio", ["device:hw:0"], "inputFormat"),
      ("a scheme nobody reads", "Radio", ["gopher://h/x"], "urls"),
      ("a camera without a host", "Radio", ["rtsp:///x"], "urls"),
      ("a blank", "Radio", ["http://h/a b"], "urls"),
      ("a line break", "Ra\ndio", ["http://h/"], "name"),
    ] as [(String, String, [String], String)])
  func aStreamThatCannotWorkIsRefused(
    _ case: String, _ name: String, _ urls: [String], _ field: String
  ) async throws {
    let outcome = try await bench.command(
      PutStream(
        stream: StreamDefinition(id: SchedulerBench.radio, name: name, urls: urls),
        mustBeNew: true))
    #expect(outcome.refusal == .invalid, "\(`case`)")
    #expect(outcome.field == field)
    #expect(outcome.text?.hasSuffix(".") == true)
  }

  @Test(
    arguments: [
      (240, 64_000, nil), (nil, nil, nil), (0, nil, "maximumHeight"),
      (20_000, nil, "maximumHeight"), (nil, 7_999, "maximumBitsPerSecond"),
      (nil, -1, "maximumBitsPerSecond"),
    ] as [(Int?, Int?, String?)])
  func limitsOfAVariantMustMakeSense(_ height: Int?, _ rate: Int?, _ field: String?) async throws {
    let outcome = try await bench.command(
      PutStream(
        stream: StreamDefinition(
          id: SchedulerBench.radio, name: "TV", urls: ["http://h/live.m3u8"],
          maximumHeight: height, maximumBitsPerSecond: rate), mustBeNew: true))
    #expect(outcome.field == field && (outcome.refusal == nil) == (field == nil))
    let said = try await bench.said(StreamChanged.self).first?.message.stream
    #expect(field != nil || said?.maximumHeight == height)
  }

  @Test(arguments: [("de", true), ("pt-BR", true), ("de CH", false), ("", false), ("d", false)])
  func aLanguageIsWrittenAsLanguagesAre(_ language: String, _ isTaken: Bool) async throws {
    let outcome = try await bench.command(
      PutStream(
        stream: StreamDefinition(
          id: SchedulerBench.radio, name: "TV", urls: ["http://h/live.mpd"],
          soundLanguage: language), mustBeNew: true))
    #expect((outcome.refusal == nil) == isTaken)
    #expect(outcome.field == (isTaken ? nil : "soundLanguage"))
  }

  @Test func aStreamInUseIsNotForgotten() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule())
    let refused = try await bench.command(RemoveStream(stream: SchedulerBench.radio))
    #expect(refused.refusal == .conflict)
    try await bench.command(RemoveSchedule(schedule: ScheduleID(unchecked: "show")))
    let done = try await bench.command(RemoveStream(stream: SchedulerBench.radio))
    #expect(done.refusal == nil)
    let unknown = try await bench.command(RemoveStream(stream: SchedulerBench.radio))
    #expect(unknown.refusal == .notFound)
  }

  @Test(arguments: [
    ("60 * * * *", "UTC", "rule.expression"), ("0 0 30 2 *", "UTC", "rule.expression"),
    ("* * * * * *", "UTC", "rule.expression"), ("0 20 * * *", "Europe/Nowhere", "rule.zone"),
    ("0 20 * * *", "../../etc/passwd", "rule.zone"),
  ])
  func aRuleThatCannotWorkIsRefusedAndNamesItsField(
    _ cron: String, _ zone: String, _ field: String
  ) async throws {
    try await bench.addStream()
    let outcome = try await bench.put(SchedulerBench.schedule("show", cron, zone: zone))
    #expect(outcome.refusal == .invalid)
    #expect(outcome.field == field, "\(outcome.text ?? "")")
    #expect(try await bench.said(ScheduleChanged.self).isEmpty)
  }

  @Test(arguments: [
    ("no stream", "stream"), ("no length", "durationSeconds"), ("too long", "durationSeconds"),
    ("padding", "paddingAfterSeconds"), ("over", "rule.start"), ("many at once", "durationSeconds"),
    ("tag", "tags.artist"), ("destination twice", "destinations"),
  ])
  func aScheduleThatCannotWorkIsRefused(_ case: String, _ field: String) async throws {
    try await bench.addStream()
    var schedule = SchedulerBench.schedule()
    switch `case` {
    case "no stream": schedule.stream = StreamID(unchecked: "other")
    case "no length": schedule.durationSeconds = 0
    case "too long": schedule.durationSeconds = 8 * 86_400
    case "padding": schedule.paddingAfterSeconds = -1
    case "over": schedule.rule = .once(start: now - .seconds(4000))
    case "tag": schedule.tags.artist = "a\nb"
    case "destination twice": schedule.destinations += schedule.destinations
    default: schedule = SchedulerBench.schedule("show", "* * * * *", seconds: 86_400)
    }
    let outcome = try await bench.put(schedule)
    #expect(outcome.refusal == .invalid)
    #expect(outcome.field == field, "\(outcome.text ?? "")")
  }

  @Test func aScheduleIsSaidWithItsNextStartsAndPlannedInTheSameTransaction() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule())
    let change = try #require(try await bench.said(ScheduleChanged.self).last?.message)
    #expect(change.next.first == Instant("2026-11-21T20:00:00Z"))
    #expect(change.next.count == 10)
    let entry = try await bench.only()
    #expect(entry.recording.state == .planned)
    #expect(entry.recording.start == Instant("2026-11-21T20:00:00Z"))
    #expect(entry.recording.end == Instant("2026-11-21T21:00:00Z"))
    #expect(entry.fileName == "2026-11-21 20-00 Show")
    #expect(entry.tags.title == "2026-11-21 Show")
    #expect(try await bench.said(RecordingChanged.self).count == 1)
  }

  @Test func datesInNamesAndTagsAreThoseOfTheSchedulesZone() async throws {
    try await bench.addStream()
    try await bench.put(
      SchedulerBench.schedule("show", "30 0 * * *", zone: "Asia/Tokyo"))
    let entry = try await bench.only()
    #expect(entry.recording.start == Instant("2026-11-21T15:30:00Z"))
    #expect(entry.fileName == "2026-11-22 00-30 Show")
    #expect(entry.date == "2026-11-22")
  }

  @Test func twoShowsOfOneNameAtOneTimeGetTwoFiles() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule("a"))
    try await bench.put(SchedulerBench.schedule("b"))
    let names = try await bench.recordings().map(\.fileName)
    #expect(Set(names).count == 2)
    #expect(names.allSatisfy { $0.hasPrefix("2026-11-21 20-00 Show") })
  }

  @Test func changingTheHourCancelsWhatWasPlannedAndChangingItBackPlansItAgain() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule())
    let first = try await bench.only()
    try await bench.put(SchedulerBench.schedule("show", "0 21 * * *"))
    #expect(try await bench.find(first.id).state == .cancelled)
    #expect(
      try await bench.recordings().map(\.recording.state).sorted { $0.rawValue < $1.rawValue }
        == [.cancelled, .planned])
    try await bench.put(SchedulerBench.schedule())
    #expect(try await bench.find(first.id).state == .planned)
    #expect(try await bench.find(first.id).reason == nil)
  }

  @Test func aScheduleThatIsSwitchedOffPlansNothingAndOnAgainGoesOnUnderAHigherToken() async throws
  {
    let before = try await bench.assigned()
    var schedule = SchedulerBench.once(at: before.recording.start)
    schedule.isEnabled = false
    try await bench.put(schedule)
    try await bench.step()
    #expect(try await bench.find(before.id).state == .cancelled)
    #expect(try await bench.desired(SchedulerBench.recorder1)?.recordings.isEmpty == true)
    schedule.isEnabled = true
    try await bench.put(schedule)
    try await bench.step()
    let after = try await bench.find(before.id)
    #expect(after.state == .assigned)
    #expect(after.token > before.recording.token)
  }

  @Test func whatIsRunningIsRecordedToItsEndWhenItsScheduleGoes() async throws {
    let entry = try await bench.assigned()
    bench.advance(.seconds(70))
    try await bench.command(RemoveSchedule(schedule: ScheduleID(unchecked: "once")))
    try await bench.step()
    #expect(try await bench.find(entry.id).state == .assigned)
    #expect(try await bench.desired(SchedulerBench.recorder1)?.recordings.count == 1)
    #expect(try await bench.said(ScheduleChanged.self).last?.message.schedule == nil)
  }

  @Test func aShowThatIsOnAirWhenItsScheduleIsMadeIsRecordedFromThereOn() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule("show", "30 11 * * *"))
    let entries = try await bench.recordings()
    #expect(
      entries.map(\.recording.start) == [
        Instant("2026-11-21T11:30:00Z"), Instant("2026-11-22T11:30:00Z"),
      ])
    #expect(entries.allSatisfy { $0.recording.state == .planned })
  }

  @Test func whatAPersonCalledOffIsNotPlannedAgain() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule())
    let id = try await bench.only().id
    #expect(try await bench.command(CancelRecording(recording: id)).refusal == nil)
    #expect(try await bench.find(id).state == .cancelled)
    try await bench.put(SchedulerBench.schedule("show", "0 20 * * *", seconds: 1800))
    try await bench.step()
    #expect(try await bench.find(id).state == .cancelled)
    #expect(try await bench.command(CancelRecording(recording: id)).refusal == nil)
  }

  @Test func cancellingSomethingUnknownOrEndedIsRefused() async throws {
    let unknown = try await bench.command(CancelRecording(recording: JobID(unchecked: "none")))
    #expect(unknown.refusal == .notFound)
    let entry = try await bench.assigned()
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file()),
      from: SchedulerBench.recorder1)
    let ended = try await bench.command(CancelRecording(recording: entry.id))
    #expect(ended.refusal == .conflict)
    #expect(try await bench.find(entry.id).state == .committed)
  }

  @Test func theEndOfARunningRecordingMovesBothWaysAndTheRecorderIsTold() async throws {
    let entry = try await bench.assigned()
    bench.advance(.seconds(70))
    let later = bench.time.now() + .seconds(600)
    #expect(
      try await bench.command(EndRecording(recording: entry.id, end: later)).refusal == nil)
    try await bench.step()
    let set = try #require(try await bench.desired(SchedulerBench.recorder1))
    #expect(set.recordings.first?.paddedEnd == later)
    #expect(set.recordings.first?.token == entry.recording.token)
    #expect(
      try await bench.command(EndRecording(recording: entry.id, end: .epoch)).refusal == nil)
    #expect(try await bench.find(entry.id).paddedEnd == bench.time.now())
  }

  @Test func aRecordingCannotEndBeforeItStartsNorEarlierOnceItIsOver() async throws {
    let entry = try await bench.assigned()
    let early = try await bench.command(
      EndRecording(recording: entry.id, end: entry.recording.start))
    #expect(early.refusal == .invalid)
    bench.advance(.seconds(600))
    let late = try await bench.command(
      EndRecording(recording: entry.id, end: entry.recording.end - .seconds(5)))
    #expect(late.refusal == .conflict)
  }

  @Test func aSnapshotSaysTheWholeState() async throws {
    _ = try await bench.assigned()
    try await bench.event(
      CaptureChanged(
        status: CaptureStatus(
          stream: SchedulerBench.radio, node: SchedulerBench.recorder1, state: .capturing,
          since: now)), from: SchedulerBench.recorder1)
    let build = try #require(bench.service.handlers.snapshot)
    let types = try await bench.database.read { transaction in
      try build(transaction).map { type(of: $0).type }
    }
    #expect(
      types == ["stream.changed", "schedule.changed", "recording.changed", "stream.status"])
  }
}
