import Base
import FoundationEssentials
import Glibc
import HTTPClient
import HTTPServer
import Media
import Messages
import Service
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// The tape over HTTP, through a real server.
struct TapeDeskTests {
  struct Site {
    let studio: Studio
    let server: Server
    let token: TapeToken

    init() async throws {
      studio = try Studio()
      let desk = TapeDesk(
        node: Studio.node, root: studio.tapeRoot, tokenPath: studio.folder("keys/tape.token"),
        database: studio.database)
      var router = Router()
      desk.addRoutes(to: &router)
      let routes = router
      server = try Server(.init(.tcp(host: "127.0.0.1", port: 0))) { await routes.respond(to: $0) }
      token = try TapeToken.load(studio.folder("keys/tape.token"))
    }

    func get(
      _ path: String, token: String? = nil, range: String? = nil
    ) async throws -> HTTPResponse {
      var request = HTTPRequest("GET", "http://\(server.address)\(path)")
      request.acceptsAnyStatus = true
      request.headers["Authorization"] = token ?? self.token.authorization
      if let range { request.headers["Range"] = range }
      return try await studio.client.request(request)
    }

    func page(_ query: String = "") async throws -> Page {
      let response = try await get("/tape/radio" + query)
      try #require(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(Page.self, from: Data(response.body))
    }
  }

  struct Page: Decodable {
    struct Segment: Decodable {
      let sequence: Int64
      let startUs: Int64
      let durationUs: Int64
      let bytes: Int64
      let container: String
      let codec: String
      let isIndependent: Bool
      let splice: String
    }
    struct Hole: Decodable {
      let startUs: Int64
      let endUs: Int64?
      let cause: String
    }
    let stream: String
    let node: String
    let segments: [Segment]
    let gaps: [Hole]
    let more: Bool
    let nextUs: Int64?
  }

  /// Ten segments of a hundred frames each, and the site that serves them.
  static func site() async throws -> (Site, [Segment]) {
    let site = try await Site()
    var segments: [Segment] = []
    for index in UInt64(0)..<10 {
      segments.append(
        try await TapeReconcilerTests.put(
          site.studio, Int64(index), numbers: index * 100..<index * 100 + 100, hasRow: true))
    }
    return (site, segments)
  }

  @Test func `Segments are found by time and come as they were stored`() async throws {
    let (site, segments) = try await Self.site()
    let whole = try await site.page()
    #expect(whole.segments.map(\.sequence) == Array(0..<10) && !whole.more)
    #expect(whole.stream == "radio" && whole.node == "recorder-1" && whole.gaps.isEmpty)
    #expect(whole.segments[3].container == "mpeg-audio" && whole.segments[3].codec == "mp3")
    #expect(whole.segments[3].durationUs == segments[3].duration.microseconds)

    let start = (segments[4].start + .milliseconds(1)).microseconds
    let end = segments[6].start.microseconds
    let middle = try await site.page("?from_us=\(start)&to_us=\(end)")
    #expect(middle.segments.map(\.sequence) == [4, 5])

    let response = try await site.get("/tape/radio/segments/5")
    let stored = try DurableFile.read(site.studio.tapeRoot + "/" + segments[5].path)
    #expect(response.body == stored)
    #expect(response.headers["Content-Type"] == "audio/mpeg")
    #expect(response.headers["Cache-Control"]?.contains("immutable") == true)
    let part = try await site.get("/tape/radio/segments/5", range: "bytes=10-19")
    #expect(part.status == 206 && part.body == Array(stored[10..<20]))
    await site.server.stop()
  }

  /// The gateway's tests read the same file.
  static let ledger =
    DurableFile.folder(of: DurableFile.folder(of: #filePath))
    + "/Golden/tape-ledger.json"

  @Test func `The ledger is told as the gateway reads it`() async throws {
    let site = try await Site()
    let start = Instant(seconds: 1_700_000_000)
    func at(_ second: Int) -> Instant { start + .seconds(second) }
    func segment(_ sequence: Int64, _ from: Int, _ seconds: Int64) -> TapeLedger.Change {
      .segment(
        Segment(
          stream: .radio, sequence: sequence, start: at(from), samples: 44_100 * seconds, frames: 1,
          bytes: 1, format: FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2),
          path: "radio/\(sequence).mp3", splice: .continuous))
    }
    let changes: [TapeLedger.Change] = [
      .wanted(from: start), segment(0, 0, 20), segment(1, 20, 10), segment(2, 40, 15),
      .gap(
        Gap(
          start: at(30), end: at(40), cause: .sourceClosed,
          detail: "The source closed the connection.")),
      .gap(
        Gap(start: at(55), end: at(60), cause: .recorderDown, detail: LedgerRestart.sentence)),
      .unwanted(at: at(60)),
    ]
    try await TapeLedger.write(changes, of: .radio, to: site.studio.database)
    let from = at(-60).microseconds
    let path = "/tape/radio/ledger?from_us=\(from)&to_us=\(at(3600).microseconds)"
    let answer = try await site.get(path)
    let told = String(decoding: answer.body, as: UTF8.self)
    #expect(told + "\n" == String(decoding: try DurableFile.read(Self.ledger), as: UTF8.self))
    #expect(try await site.get("/tape/other/ledger").status == 404)
    #expect(try await site.get("/tape/radio/ledger?from_us=9&to_us=8").status == 400)
    #expect(try await site.get(path, token: "Bearer x").status == 401)
    await site.server.stop()
  }

  @Test func `A long answer comes in pieces that leave nothing out`() async throws {
    let (site, segments) = try await Self.site()
    for index in [2, 5] {
      let gap = Gap(
        start: segments[index].start, end: segments[index].end, cause: .sourceClosed, detail: "x")
      try await site.studio.database.write { try GapCatalog.insert(.radio, gap, $0) }
    }
    try await site.studio.database.write {
      try GapCatalog.open(.radio, at: segments[9].end, .sourceStalled, "x", $0)
    }
    var sequences: Set<Int64> = []
    var gaps: [Int64: Int64?] = [:]
    var from = Int64(0)
    var pages = 0
    while true {
      let page = try await site.page("?from_us=\(from)&limit=3")
      #expect(page.segments.count <= 4)
      sequences.formUnion(page.segments.map(\.sequence))
      for gap in page.gaps { gaps[gap.startUs] = gap.endUs }
      pages += 1
      guard page.more, let next = page.nextUs else { break }
      try #require(next > from)
      from = next
    }
    #expect(sequences == Set(0..<10) && pages == 4)
    #expect(gaps.count == 3 && gaps[segments[9].end.microseconds] == .some(nil))
    await site.server.stop()
  }

  @Test func `The list tells each tape's extent and size, also after a segment is taken away`()
    async throws
  {
    let (site, segments) = try await Self.site()
    try await site.studio.database.write {
      try SegmentCatalog.remove(.radio, sequence: 9, $0)
      // Entered a second time: it is not counted twice.
      try SegmentCatalog.insert(segments[0], $0)
    }
    let response = try await site.get("/tape")
    let text = String(decoding: response.body, as: UTF8.self)
    let bytes = segments.dropLast().reduce(0) { $0 + $1.bytes }
    #expect(
      text == """
        {"node":"recorder-1","tapes":[{"bytes":\(bytes),"from_us":\
        \(segments[0].start.microseconds),"segments":9,"stream":"radio","to_us":\
        \(segments[8].end.microseconds)}]}
        """)
    await site.server.stop()
  }

  @Test func `Without the token nothing is told, with it no more than the rows name`() async throws
  {
    let (site, segments) = try await Self.site()
    let paths = ["/tape", "/tape/radio", "/tape/radio/segments/1"]
    let wrong = String(site.token.text.reversed())
    for path in paths {
      for token in ["", "Bearer ", "Bearer \(wrong)", site.token.text] {
        let response = try await site.get(path, token: token)
        #expect(response.status == 401, "\(path) \(token)")
        #expect(String(decoding: response.body, as: UTF8.self).contains("\"unauthorized\""))
      }
    }
    let strange = [
      "/tape/radio/segments/10", "/tape/radio/segments/-1", "/tape/radio/segments/1.mp3",
      "/tape/radio/segments/..%2F..%2Frecorder-1.sqlite", "/tape/other", "/tape/..%2F..",
      "/tape/radio/segments/99999999999999999999",
    ]
    for path in strange { #expect(try await site.get(path).status == 404, "\(path)") }
    #expect(try await site.get("/tape/radio?limit=0").status == 400)
    #expect(try await site.get("/tape/radio?from_us=x").status == 400)
    // The row is there, the file is not.
    unlink(site.studio.tapeRoot + "/" + segments[1].path)
    #expect(try await site.get("/tape/radio/segments/1").status == 404)
    await site.server.stop()
  }
}
