import Base
import HTTPClient
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("Keeping, locking and planning over REST", .timeLimit(.minutes(10)))
struct TapeRESTTests {
  private static let now = Instant(seconds: 1_795_000_000)
  private static let radio = StreamID(unchecked: "radio")

  /// A gateway that knows one stream, at a time that stands still.
  private static func start() async throws -> (gateway: TestGateway, browser: Browser) {
    let gateway = try await TestGateway(
      adjust: { $0.commandPatience = .seconds(20) }, time: ManualTimeSource(now: now))
    try await gateway.hear { model, transaction in
      try model.apply(
        StreamChanged(
          id: radio,
          stream: StreamDefinition(
            id: radio, name: "Radio", urls: ["http://radio.example/live"])), transaction)
    }
    return (gateway, try await gateway.browser())
  }

  @Test func `the last minutes of a tape, or any span of it, become a recording`() async throws {
    let (gateway, browser) = try await Self.start()
    async let last = browser.send("POST", "/api/v1/streams/radio/keep", #"{"minutes":30}"#)
    let first = try await gateway.answer(to: "scheduler", text: "It is kept.")
    #expect(first.type == "tape.keep")
    let kept: KeepTape = try StoredJSON.decode(first.body)
    #expect(kept.start == Self.now - .seconds(1800) && kept.end == Self.now)
    #expect(kept.title == "Radio" && kept.format == .source)
    #expect(try await last.text.contains("It is kept."))

    let before = try await gateway.newest(to: "scheduler")?.id
    async let span = browser.send(
      "POST", "/api/v1/streams/radio/keep",
      """
      {"start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:05:00Z","title":"Goal","format":"flac",
       "finishing":{"loudness":-23,"hasCueSheet":true},"tags":{"artist":"A"}}
      """)
    let second = try await gateway.answer(to: "scheduler", after: before)
    let goal: KeepTape = try StoredJSON.decode(second.body)
    #expect(goal.title == "Goal" && goal.format == .flac && goal.tags.artist == "A")
    #expect(goal.end - goal.start == .seconds(300))
    #expect(goal.finishing == FinishOptions(loudness: -23, hasCueSheet: true))
    #expect(try await span.status == 200)
    await gateway.stop()
  }

  @Test func `recording now is keeping what comes`() async throws {
    let (gateway, browser) = try await Self.start()
    async let response = browser.send(
      "POST", "/api/v1/streams/radio/record", #"{"minutes":1.5,"title":"Now"}"#)
    let asked = try await gateway.answer(to: "scheduler")
    let kept: KeepTape = try StoredJSON.decode(asked.body)
    #expect(kept.start == Self.now && kept.end == Self.now + .seconds(90))
    #expect(try await response.status == 200)
    await gateway.stop()
  }

  @Test(arguments: [
    ("keep", #"{"minutes":0}"#, "minutes"), ("keep", #"{"minutes":99999}"#, "minutes"),
    ("keep", "{}", "minutes"), ("record", "{}", "minutes"),
    (
      "keep", #"{"start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:00Z"}"#, "end"
    ),
    (
      "lock", #"{"start":"2026-11-20T10:00:00Z","end":"2026-11-20T09:00:00Z"}"#, "end"
    ), ("lock", #"{"start":"x","end":"2026-11-20T09:00:00Z"}"#, "start"),
  ])
  func `a span that is none is refused with its field`(
    path: String, body: String, field: String
  ) async throws {
    let (gateway, browser) = try await Self.start()
    let answer = try await browser.send("POST", "/api/v1/streams/radio/\(path)", body)
    #expect(answer.status == 422)
    #expect(answer.text.contains(#""field":"\#(field)""#), "\(answer.text)")
    #expect(
      try await browser.send("POST", "/api/v1/streams/other/\(path)", #"{"minutes":5}"#).status
        != 200)
    #expect(try await gateway.newest(to: "scheduler") == nil)
    await gateway.stop()
  }

  @Test func `locks are commands, and what the scheduler says of them is listed`() async throws {
    let (gateway, browser) = try await Self.start()
    async let response = browser.send(
      "POST", "/api/v1/streams/radio/lock",
      #"{"start":"2026-11-20T10:00:00Z","end":"2026-11-20T11:00:00Z","locked":false}"#)
    let asked = try await gateway.answer(to: "scheduler")
    let command: LockTape = try StoredJSON.decode(asked.body)
    #expect(!command.isLocked && command.lock.stream == Self.radio)
    #expect(command.lock.reason == "locked by admin")
    #expect(try await response.status == 200)

    let locks = [3, 1].map {
      TapeLock(
        stream: Self.radio, start: Self.now + .seconds($0), end: Self.now + .seconds($0 + 1),
        reason: "for \($0)")
    }
    try await gateway.hear { try $0.apply(TapeLocksChanged(stream: Self.radio, locks: locks), $1) }
    let listed = try await browser.send("GET", "/api/v1/streams/radio/locks").text
    let places = ["for 1", "for 3"].map { listed.firstRange(of: $0)?.lowerBound }
    let (earlier, later) = (try #require(places[0]), try #require(places[1]))
    #expect(earlier < later)
    try await gateway.hear { try $0.apply(TapeLocksChanged(stream: Self.radio, locks: []), $1) }
    #expect(
      try await browser.send("GET", "/api/v1/streams/radio/locks").text == #"{"locks":[]}"#)
    #expect(try await browser.send("GET", "/api/v1/streams/other/locks").status == 404)
    await gateway.stop()
  }

  @Test func `holiday calendars are made, listed, changed and removed`() async throws {
    let (gateway, browser) = try await Self.start()
    async let made = browser.send(
      "POST", "/api/v1/holidays", #"{"name":"Berlin","dates":["01-01","2026-12-24"]}"#)
    let put = try await gateway.answer(to: "scheduler")
    let command: PutHolidays = try StoredJSON.decode(put.body)
    #expect(command.holidays.id.text == "berlin")
    #expect(try await made.headers["Location"] == "/api/v1/holidays/berlin")
    let known = command.holidays
    try await gateway.hear {
      try $0.apply(HolidaysChanged(id: known.id, holidays: known), $1)
    }
    #expect(try await browser.send("GET", "/api/v1/holidays").text.contains("2026-12-24"))
    #expect(try await browser.send("GET", "/api/v1/holidays/berlin").text.contains("Berlin"))

    let before = try await gateway.newest(to: "scheduler")?.id
    async let removed = browser.send("DELETE", "/api/v1/holidays/berlin")
    let remove = try await gateway.answer(
      to: "scheduler", after: before, refusal: .conflict, text: "A schedule names it.")
    #expect(remove.type == "holidays.remove")
    #expect(try await removed.status == 409)
    try await gateway.hear { try $0.apply(HolidaysChanged(id: known.id, holidays: nil), $1) }
    #expect(try await browser.send("GET", "/api/v1/holidays/berlin").status == 404)
    await gateway.stop()
  }

  @Test func `every field of a stream and of a schedule passes through`() async throws {
    let (gateway, browser) = try await Self.start()
    let stream = StreamDefinition(
      id: StreamID(unchecked: "all"), name: "All", urls: ["rtsp://a/", "rtsp://b/"],
      source: .ffmpeg, userAgent: "agent", headers: ["X-A": "b"], maximumHeight: 720,
      maximumBitsPerSecond: 1_000_000, soundLanguage: "de-CH", quality: "720p", inputFormat: "alsa",
      tags: ["north"],
      isDoubled: true, retention: TapeRetention(maximumAgeSeconds: 60, maximumBytes: 1000))
    async let madeStream = browser.send(
      "POST", "/api/v1/streams", try StoredJSON.encode(stream))
    let putStream = try await gateway.answer(to: "scheduler")
    #expect(try StoredJSON.decode(putStream.body, as: PutStream.self).stream == stream)
    #expect(try await madeStream.status == 201)

    let before = try await gateway.newest(to: "scheduler")?.id
    let schedule = ScheduleDefinition(
      id: ScheduleID(unchecked: "all"), name: "All", stream: Self.radio,
      rule: .weekly(
        slots: [WeeklySlot(day: 1, time: "20:00")], zone: "Europe/Berlin", both: true),
      durationSeconds: 60, paddingBeforeSeconds: 1, paddingAfterSeconds: 2, isEnabled: false,
      format: .opus, tags: RecordingTags(artist: "A"),
      destinations: [DestinationID(unchecked: "d")],
      finishing: FinishOptions(
        bitsPerSecond: 96_000, loudness: -23, hasChapters: true, hasCueSheet: true,
        hasPicture: false, artwork: String(repeating: "a", count: 64), pool: "big"),
      priority: 5, validFrom: Self.now, validUntil: Self.now + .seconds(9),
      exceptDates: ["2026-12-24"], exceptHolidays: HolidaysID(unchecked: "berlin"),
      catchesUp: false)
    async let madeSchedule = browser.send(
      "POST", "/api/v1/schedules", try StoredJSON.encode(schedule))
    let putSchedule = try await gateway.answer(to: "scheduler", after: before)
    #expect(try StoredJSON.decode(putSchedule.body, as: PutSchedule.self).schedule == schedule)
    #expect(try await madeSchedule.status == 201)
    await gateway.stop()
  }

  @Test func `a silent recorder is said in words, and is no error`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let answer = try await browser.send("GET", "/api/v1/streams/radio/tape")
    #expect(answer.status == 200)
    #expect(answer.text.contains("No recorder answers now"), "\(answer.text)")
    await gateway.stop()
  }

  @Test func `a stranger's import is refused before it is read`() async throws {
    let gateway = try await TestGateway()
    let answer = try await gateway.send(
      "POST", "/api/v1/feeds/import", String(repeating: " ", count: 9 << 20),
      headers: [("Origin", gateway.origin), ("Expect", "100-continue")])
    #expect(answer.status == 401)
    await gateway.stop()
  }
}
