import Base
import FoundationEssentials
import HTTPServer
import Messages
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_gateway

/// The pages in a real browser, filled with every state that anything can be in.
@Suite("The pages in Chromium", .serialized, .timeLimit(.minutes(10)))
struct PageTests {
  /// What `scripts/pages.py` says of a page.
  private struct Visit: Decodable {
    struct Form: Decodable {
      let heading: String
      let wider: Int
    }

    let page: String
    let heading: String
    let wider: Int
    let problems: [String]
    let forms: [Form]
  }

  /// What a station, a feed or a file may call itself.
  private static let hostile = #"<img src=x onerror=alert(1)>"'</script><script>alert(2)</script>"#

  @Test func `every page shows everything, without an error and no wider than a phone`()
    async throws
  {
    let bench = try await StreamingBench.start()
    let gateway = bench.gateway
    try await gateway.hear { try PageTests.fill($0, $1) }
    await PageTests.fillTape(of: "s-capturing", bench.recorder)
    let visits = try await PageTests.visits(
      gateway, PageTests.pages + ["podcasts/pod-ok", "timeline/s-capturing"],
      dialogs: PageTests.dialogs)
    let headings = Dictionary(
      visits.map { ($0.page, $0.heading) }, uniquingKeysWith: { first, _ in first })
    #expect(
      headings == [
        "": "On air", "streams": "Streams", "timeline": "Timeline",
        "timeline/s-capturing": "Timeline", "schedules": "Schedule", "week": "Week",
        "recordings": "Recordings", "podcasts": "Podcasts", "podcasts/pod-ok": PageTests.hostile,
        "conversions": "Conversions", "deliveries": "Deliveries", "destinations": "Destinations",
        "alerts": "Alerts", "system": "System",
      ])
    try PageTests.judge(visits, count: 28, forms: 9 + PageTests.dialogs.count)
    await bench.stop()
  }

  @Test func `an Airloom that knows nothing yet says what to do next, on every page`()
    async throws
  {
    let gateway = try await TestGateway()
    try PageTests.judge(
      try await PageTests.visits(gateway, PageTests.pages), count: 24, forms: 8)
    await gateway.stop()
  }

  private static let pages = [
    "", "streams", "timeline", "schedules", "week", "recordings", "podcasts", "conversions",
    "deliveries", "destinations", "alerts", "system",
  ]

  /// Further buttons that open something, each with a heading of its own.
  private static let dialogs = [
    "stream-now-s-capturing", "stream-last-s-capturing", "edit-s-capturing", "edit-weekly",
    "edit-cron", "edit-interval", "edit-always", "edit-once", "edit-holidays-berlin",
    "open-r-committed", "end-r-recording",
  ]

  private static func judge(_ visits: [Visit], count: Int, forms: Int) throws {
    try #require(visits.count == count)
    for visit in visits {
      #expect(visit.problems.isEmpty, "\(visit.page): \(visit.problems)")
      #expect(visit.wider <= 0, "\(visit.page) is \(visit.wider) pixels wider than the window")
    }
    // Those of a phone, "More" with all pages among them.
    #expect(Set(visits.flatMap { $0.forms.map(\.heading) }).count == forms)
  }

  private static func visits(
    _ gateway: TestGateway, _ pages: [String], dialogs: [String] = []
  ) async throws -> [Visit] {
    try requires(.chromium)
    let root = (0..<4).reduce(#filePath) { path, _ in DurableFile.folder(of: path) }
    var command = ChildCommand(
      try requires(.python),
      [
        root + "/scripts/pages.py", gateway.origin, "--widths", "360,1280", "--pages",
        pages.joined(separator: ","), "--forms", dialogs.joined(separator: ","),
      ])
    command.environment["AIRLOOM_ADMIN_PASSWORD"] = TestGateway.password
    let run = try await ChildProcess.run(
      command, outputLimit: 4 << 20, timeout: .seconds(400))
    let lines = run.output.split(separator: UInt8(ascii: "\n"))
    guard lines.count == 2 * pages.count else {
      throw TestFailure("scripts/pages.py \(run.exit): \(run.errorText)")
    }
    return try lines.map { try JSONDecoder().decode(Visit.self, from: Data($0)) }
  }
}

extension PageTests {
  /// An hour ago, with a hole of every cause.
  private static func fillTape(of stream: String, _ recorder: FakeRecorder) async {
    let start = SystemTimeSource().now() - .seconds(3600)
    _ = await onOwnThread {
      recorder.record(
        NumberedFrames(.mp3(kilobits: 128, sampleRate: 44_100)), as: stream, from: start,
        segments: 12, holes: [4: 20])
    }
    for (number, cause) in Gap.Cause.allCases.enumerated() {
      let from = (start + .seconds(600 + 60 * Int64(number))).microseconds
      recorder.add(
        TapeGap(
          startUs: from, endUs: from + 30_000_000, cause: cause.rawValue,
          detail: "<img src=x onerror=alert(1)>"),
        to: stream)
    }
  }

  private static func fill(_ model: ReadModel, _ transaction: Transaction) throws {
    try fillAir(model, transaction)
    try fillArchive(model, transaction)
    try fillDeliveries(model, transaction)
  }

  private static func fillAir(_ model: ReadModel, _ transaction: Transaction) throws {
    let now = SystemTimeSource().now()
    for (number, state) in CaptureState.allCases.enumerated() {
      let id = StreamID(unchecked: "s-\(state)")
      try model.apply(
        StreamChanged(
          id: id,
          stream: StreamDefinition(
            id: id, name: "\(state) \(hostile)",
            urls: ["http://radio.example/\(hostile)", "srt://radio.example/"],
            source: SourceKind.allCases[number % SourceKind.allCases.count],
            headers: [hostile: hostile], maximumHeight: 720, quality: hostile,
            inputFormat: hostile, tags: [hostile, "b"], isDoubled: true,
            retention: TapeRetention(maximumAgeSeconds: 86_400, maximumBytes: 1 << 34))),
        transaction)
      try model.apply(
        StreamStatusChanged(
          status: CaptureStatus(
            stream: id, node: NodeID(unchecked: "recorder-1"), state: state, reason: hostile,
            since: now, codec: "avc1.64001f,mp4a.40.2", bitsPerSecond: 2_800_000, title: hostile,
            height: 720,
            source: SourceDescription(
              container: hostile, codecs: [hostile, "h264"], bitsPerSecond: 2_800_000,
              sampleRate: 48_000, channels: 2, width: 1280, height: 720, framesPerSecond: 29.97,
              station: hostile), health: StreamHealth(score: 49, reasons: [hostile, "Second."]),
            address: 1)), transaction)
    }
    for (number, state) in RecordingState.allCases.enumerated() {
      var recording = Recording.sample(
        "r-\(state)", hour: 0, state, path: state == .committed ? "/a.mp3" : nil)
      recording.title = "\(state) \(hostile)"
      recording.conflict = state == .planned ? hostile : nil
      recording.spare = NodeID(unchecked: "recorder-2")
      recording.priority = -3
      recording.start = now + .seconds(Int64(number - 3) * 1800)
      recording.end = recording.start + .seconds(1800)
      (recording.paddedStart, recording.paddedEnd) = (recording.start, recording.end)
      recording.stream = StreamID(unchecked: "s-capturing")
      recording.reason = hostile
      recording.file?.gaps = Gap.Cause.allCases.map {
        Gap(start: now, end: now + .seconds(1), cause: $0, detail: hostile)
      }
      recording.file?.loudness = Loudness(
        integrated: -23.4, truePeak: -0.2, range: 7, isNormalised: true)
      recording.file?.companions = [.sha256, .cueSheet, .asRun].map {
        CompanionFile(kind: $0, name: "\($0) \(hostile)", bytes: 900)
      }
      try model.apply(RecordingChanged(recording: recording), transaction)
    }
    try fillSchedules(model, transaction, at: now)
  }

  /// One schedule of each kind of rule, with all there is to say.
  private static func fillSchedules(
    _ model: ReadModel, _ transaction: Transaction, at now: Instant
  ) throws {
    let berlin = HolidaysID(unchecked: "berlin")
    try model.apply(
      HolidaysChanged(
        id: berlin,
        holidays: Holidays(id: berlin, name: hostile, dates: ["01-01", "2027-03-26", hostile])),
      transaction)
    let stream = StreamID(unchecked: "s-capturing")
    try model.apply(
      TapeLocksChanged(
        stream: stream,
        locks: [
          TapeLock(
            stream: stream, start: now - .seconds(3000), end: now - .seconds(2000),
            reason: hostile)
        ]), transaction)
    let rules: [(String, ScheduleRule)] = [
      ("cron", .cron(expression: "0 20 L * fri#2", zone: "Europe/Berlin", both: true)),
      ("once", .once(start: now + .seconds(60))),
      ("interval", .interval(everySeconds: 5401, from: now)),
      (
        "weekly",
        .weekly(
          slots: [1, 3, 7].map { WeeklySlot(day: $0, time: "23:45") }, zone: "Asia/Kolkata",
          both: false)
      ), ("always", .always(fileSeconds: 3600, zone: "America/New_York")),
    ]
    for (name, rule) in rules {
      let id = ScheduleID(unchecked: name)
      let schedule = ScheduleDefinition(
        id: id, name: "\(name) \(hostile)", stream: stream, rule: rule, durationSeconds: 3600,
        isEnabled: name != "once", format: .opus, tags: RecordingTags(artist: hostile),
        finishing: FinishOptions(
          bitsPerSecond: 72_000, loudness: -19, hasChapters: true, hasCueSheet: true,
          hasPicture: false, pool: hostile), priority: 3, validFrom: now,
        validUntil: now + .seconds(86_400 * 30), exceptDates: ["2026-12-24"],
        exceptHolidays: berlin, catchesUp: false)
      try model.apply(
        ScheduleChanged(id: id, schedule: schedule, next: [now + .seconds(60)]), transaction)
    }
  }

  private static func fillArchive(_ model: ReadModel, _ transaction: Transaction) throws {
    for state in ConversionState.allCases {
      var change = ConversionChanged.sample(
        "c-\(state)", state, path: state == .converted ? "/a.mp4" : nil, captions: "/a.srt")
      change.conversion?.name = hostile
      change.conversion?.reason = hostile
      try model.apply(change, transaction)
    }
    for state in FeedState.allCases {
      var change = FeedChanged.sample("pod-\(state)", name: hostile, state)
      change.status.reason = hostile
      change.status.warnings = [hostile]
      try model.apply(change, transaction)
    }
    for state in EpisodeState.allCases {
      var change = EpisodeChanged.sample(
        "e-\(state)", of: "pod-ok", state, path: state == .archived ? "/a.mp3" : nil)
      change.episode.title = hostile
      change.episode.reason = hostile
      try model.apply(change, transaction)
    }
  }

  private static func fillDeliveries(_ model: ReadModel, _ transaction: Transaction) throws {
    let bucket = S3Bucket(name: "tapes", region: "us-east-1")
    for kind in Destination.Kind.allCases {
      let id = DestinationID(unchecked: "to-\(kind)")
      try model.apply(
        DestinationChanged(
          id: id,
          destination: Destination(
            id: id, name: hostile, kind: kind, host: "host.example", user: "u", folder: "f",
            bucket: kind == .s3 ? bucket : nil), fault: hostile,
          foundHostKey: kind == .s3 ? nil : "SHA256:abc"), transaction)
    }
    try model.apply(DeliveryIdentity(publicKey: "ssh-ed25519 AAAA airloom"), transaction)
    for state in DeliveryState.allCases {
      for origin in DeliveryOrigin.allCases {
        var change = DeliveryChanged.sample(
          "\(state)-\(origin)", to: "to-s3", state, origin: origin)
        change.delivery.fileName = hostile
        change.delivery.reason = hostile
        try model.apply(change, transaction)
      }
    }
    for mail in AlertMailState.allCases {
      for isOver in [true, false] {
        var change = AlertChanged.sample("a-\(mail)-\(isOver)", raised: 1, isOver: isOver, mail)
        change.alert?.subject = hostile
        try model.apply(change, transaction)
      }
    }
    try model.apply(MailerChanged(recipients: [hostile], fault: hostile), transaction)
  }
}
