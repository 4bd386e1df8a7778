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
      gateway, PageTests.pages + ["podcasts/pod-ok", "timeline/s-capturing"])
    let headings = Dictionary(
      visits.map { ($0.page, $0.heading) }, uniquingKeysWith: { first, _ in first })
    #expect(
      headings == [
        "": "On air", "streams": "Streams", "timeline": "Timeline",
        "timeline/s-capturing": "Timeline", "schedules": "Schedule",
        "recordings": "Recordings", "podcasts": "Podcasts", "podcasts/pod-ok": PageTests.hostile,
        "conversions": "Conversions", "deliveries": "Deliveries", "destinations": "Destinations",
        "alerts": "Alerts", "system": "System",
      ])
    try PageTests.judge(visits, count: 26, forms: 8)
    await bench.stop()
  }

  @Test func `an Airloom that knows nothing yet says what to do next, on every page`()
    async throws
  {
    let gateway = try await TestGateway()
    try PageTests.judge(
      try await PageTests.visits(gateway, PageTests.pages), count: 22, forms: 7)
    await gateway.stop()
  }

  private static let pages = [
    "", "streams", "timeline", "schedules", "recordings", "podcasts", "conversions", "deliveries",
    "destinations", "alerts", "system",
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
    _ gateway: TestGateway, _ pages: [String]
  ) async throws -> [Visit] {
    try requires(.chromium)
    let root = (0..<4).reduce(#filePath) { path, _ in DurableFile.folder(of: path) }
    var command = ChildCommand(
      try requires(.python),
      [
        root + "/scripts/pages.py", gateway.origin, "--widths", "360,1280", "--pages",
        pages.joined(separator: ","),
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
    for state in CaptureState.allCases {
      let id = StreamID(unchecked: "s-\(state)")
      try model.apply(
        StreamChanged(
          id: id,
          stream: StreamDefinition(
            id: id, name: hostile, urls: ["http://radio.example/\(hostile)"], maximumHeight: 720)),
        transaction)
      try model.apply(
        StreamStatusChanged(
          status: CaptureStatus(
            stream: id, node: NodeID(unchecked: "recorder-1"), state: state, reason: hostile,
            since: now, codec: "avc1.64001f,mp4a.40.2", bitsPerSecond: 2_800_000, title: hostile,
            height: 720)), transaction)
    }
    for (number, state) in RecordingState.allCases.enumerated() {
      var recording = Recording.sample(
        "r-\(state)", hour: 0, state, path: state == .committed ? "/a.mp3" : nil)
      recording.title = hostile
      recording.start = now + .seconds(Int64(number - 3) * 1800)
      recording.end = recording.start + .seconds(1800)
      (recording.paddedStart, recording.paddedEnd) = (recording.start, recording.end)
      recording.stream = StreamID(unchecked: "s-capturing")
      recording.reason = hostile
      recording.file?.gaps = Gap.Cause.allCases.map {
        Gap(start: now, end: now + .seconds(1), cause: $0, detail: hostile)
      }
      try model.apply(RecordingChanged(recording: recording), transaction)
    }
    let schedule = ScheduleID(unchecked: "daily")
    try model.apply(
      ScheduleChanged(
        id: schedule,
        schedule: ScheduleDefinition(
          id: schedule, name: hostile, stream: StreamID(unchecked: "s-idle"),
          rule: .cron(expression: "0 20 * * *", zone: "Europe/Berlin", both: false),
          durationSeconds: 3600), next: [now + .seconds(60)]), transaction)
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
