import Base
import FoundationEssentials
import HTTPClient
import HTTPServer
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// The as-run log, of the titles that a real Icecast announces.
@Suite(.timeLimit(.minutes(10)))
struct TitleTests {
  static func announce(_ title: String, _ server: IcecastServer, _ client: HTTPClient) async throws
  {
    let song = title.map { $0.isLetter ? "\($0)" : $0 == " " ? "%20" : "%2D" }.joined()
    var request = HTTPRequest(
      "GET", server.url("admin/metadata?mount=/live&mode=updinfo&song=\(song)"))
    request.headers["Authorization"] =
      "Basic " + Data("source:\(server.password)".utf8).base64EncodedString()
    let response = try await client.request(request)
    guard response.status == 200 else { throw TestFailure("Icecast: \(response.status)") }
  }

  static func titles(_ studio: Studio) async throws -> [AnnouncedTitle] {
    try await studio.database.read {
      try TitleCatalog.announced(.radio, from: .epoch, to: .distantFuture, $0)
    }.filter { $0.title.contains(" - ") || $0.title.isEmpty }
  }

  @Test func `Titles are entered once each, with the label of the sound that follows them`()
    async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    defer { source.stop() }
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([CaptureTests.definition([server.url("live")])])
    pool.want([.radio])
    try await eventually("a segment") { try await studio.segments(.radio).count >= 1 }
    let first = SystemTimeSource().now()
    try await Self.announce("Artist - One", server, studio.client)
    try await eventually("the first title") { try await Self.titles(studio).count == 1 }
    let second = SystemTimeSource().now()
    try await Self.announce("Artist - Two", server, studio.client)
    try await eventually("the second title") { try await Self.titles(studio).count == 2 }
    // A connection anew announces the same again.
    pool.want([])
    try await eventually("it is let go of") { try await Self.titles(studio).last?.title == "" }
    pool.want([.radio])
    try await eventually("it is said again") {
      try await Self.titles(studio).map(\.title)
        == ["Artist - One", "Artist - Two", "", "Artist - Two"]
    }
    await pool.stop()
    let titles = try await Self.titles(studio)
    #expect(titles.map(\.title) == ["Artist - One", "Artist - Two", "", "Artist - Two", ""])
    // Sound is on the tape by when it was sent; a title comes with at most 16,000 bytes of it.
    for (title, at) in zip(titles, [first, second]) {
      let late = title.at - at
      #expect(late > .seconds(-2) && late < .seconds(20), "\(title.title): \(late)")
    }
    #expect(titles.map(\.at) == titles.map(\.at).sorted())
    let end = try #require(try await studio.segments(.radio).last?.end)
    #expect(titles.allSatisfy { $0.at <= end + .milliseconds(1) })
  }

  @Test func `The tape's titles are handed out over HTTP`() async throws {
    let site = try await TapeDeskTests.Site()
    let zero = Instant(seconds: 1_800_000_000)
    #expect(try await site.get("/tape/radio/titles").status == 404)
    try await site.studio.database.write { transaction in
      try transaction.execute("INSERT INTO tapes (stream, segments, bytes) VALUES ('radio', 1, 1)")
      for (second, title) in [(0, "Old"), (10, "One"), (20, ""), (30, "Two")] {
        try TitleCatalog.insert(
          .radio, AnnouncedTitle(at: zero + .seconds(second), title: title), transaction)
      }
    }
    let response = try await site.get(
      "/tape/radio/titles?from_us=\((zero + .seconds(12)).microseconds)"
        + "&to_us=\((zero + .seconds(30)).microseconds)")
    let text = String(decoding: response.body, as: UTF8.self)
    #expect(
      text == "{\"node\":\"recorder-1\",\"stream\":\"radio\",\"titles\":["
        + "{\"at_us\":1800000010000000,\"title\":\"One\"},{\"at_us\":1800000020000000,\"title\":\"\"}]}"
    )
    #expect(try await site.get("/tape/radio/titles", token: "Bearer no").status == 401)
    #expect(try await site.get("/tape/radio/titles?from_us=x").status == 400)
    await site.server.stop()
  }
}
