import Base
import Glibc
import HTTPServer
import Media
import Messages
import Subprocess
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

/// Pages on loopback, through the real yt-dlp and streamlink.
struct PageCaptureTests {
  static func settings(patterns: [String] = ["127.0.0.1"]) throws -> PageSettings {
    var settings = PageSettings()
    settings.patterns = patterns
    settings.programs = [
      .ytDlp: try PageResolvers.ytDlp, .streamlink: try PageResolvers.streamlink,
    ]
    settings.timeout = .seconds(60)
    return settings
  }

  static func pool(_ studio: Studio, _ settings: PageSettings) -> CapturePool {
    var environment = studio.environment(
      opener: SourceRouter(
        http: HTTPOpener(client: studio.client), ffmpeg: FFmpegOpener(),
        page: PageOpener(settings), pages: settings.pages))
    environment.settings.pages = settings.pages
    return CapturePool(environment)
  }

  static func page(_ url: String) -> Response {
    Response(
      headers: [("Content-Type", "text/html")],
      body: .bytes(
        Array(
          """
          <!DOCTYPE html><html><head><title>Studio One</title></head><body>
          <video><source src="\(url)" type="application/x-mpegURL"></video></body></html>
          """.utf8)))
  }

  @Test func `yt-dlp finds a page's stream, and its segments are captured`() async throws {
    let station = try await HLSStation.start(.transportStream)
    let target = station.url
    let outlet = try HLSOutlet { _ in Self.page(target) }
    let studio = try Studio()
    // The page alone is one; the stream is at another port.
    let pool = Self.pool(studio, try Self.settings(patterns: ["127.0.0.1*/watch"]))
    await pool.define([CaptureTests.definition([outlet.url("watch")])])
    pool.want([.radio])
    try await eventually("three segments", within: .seconds(90)) {
      try await studio.segments(.radio).count >= 3
    }
    await pool.stop()
    let segments = try await studio.segments(.radio)
    for segment in segments {
      let stored = try DurableFile.read(studio.tapeRoot + "/" + segment.path)
      #expect(!stored.isEmpty && segment.media?.height == 240, "\(segment)")
    }
    #expect(segments.dropFirst().allSatisfy { $0.splice == .continuous })
  }

  @Test func `streamlink finds a stream, where a pattern names it`() async throws {
    let station = try await HLSStation.start(.transportStream)
    let studio = try Studio()
    let settings = try Self.settings(patterns: ["127.0.0.1*/live.m3u8=streamlink"])
    let request = SourceRequest(
      station.url, of: CaptureTests.definition([station.url]),
      connectTimeout: .seconds(5))
    #expect(settings.tool(for: station.url) == .streamlink)
    let connection = CaptureConnection(time: studio.time) { _ in }
    connection.attach(PageOpener(settings).open(request, into: connection))
    var reader = SourceReader()
    let found: ResolvedSource = try await eventually("an answer", within: .seconds(90)) {
      let batch = connection.take()
      if let head = batch.head { _ = reader.take(head) }
      _ = reader.take(batch.bytes) { _ in }
      if case .byFailure(let failure)? = batch.end { throw TestFailure(failure.sentence) }
      guard batch.end != nil, case .resolved(let source) = reader.finish(scanned: { _ in }) else {
        return nil
      }
      return source
    }
    #expect(found.url == station.url)
  }

  @Test func `Before an address expires the page is asked again, and nothing is lost`()
    async throws
  {
    let station = try await HLSStation.start(.transportStream)
    let target = station.url
    let expiries = Mutex<[Int64]>([])
    let outlet = try HLSOutlet { _ in
      let expiry = SystemTimeSource().now().microseconds / 1_000_000 + 14
      expiries.withLock { $0.append(expiry) }
      return Self.page(target + "?expire=\(expiry)")
    }
    let studio = try Studio()
    let pool = Self.pool(studio, try Self.settings(patterns: ["127.0.0.1*/watch"]))
    await pool.define([CaptureTests.definition([outlet.url("watch")])])
    pool.want([.radio])
    try await eventually("the page was asked again", within: .seconds(90)) {
      // Once asked, once resolved; yt-dlp may look twice at a page.
      Set(expiries.withLock { $0 }.map { $0 / 4 }).count >= 2
    }
    let count = try await studio.segments(.radio).count
    try await eventually("the tape goes on", within: .seconds(60)) {
      try await studio.segments(.radio).count > count + 3
    }
    await pool.stop()
    let segments = try await studio.segments(.radio)
    let numbers = segments.compactMap(\.media?.mediaSequence)
    #expect(numbers == Array((numbers.first ?? 0)..<(numbers.first ?? 0) + Int64(numbers.count)))
    #expect(studio.told.filter { $0.state == .connecting }.count == 1)
  }

  @Test func `A planted configuration of yt-dlp runs nothing`() async throws {
    let station = try await HLSStation.start(.sound)
    let target = station.url
    let outlet = try HLSOutlet { _ in Self.page(target) }
    let folder = try TemporaryFolder()
    let mark = folder("ran")
    try folder.folder("yt-dlp")
    try folder.file("yt-dlp/config", "--exec \"pre_process:touch \(mark)\"\n")
    var command = ResolverTool.ytDlp.command(
      try PageResolvers.ytDlp, url: outlet.url("watch"), quality: nil, userAgent: nil,
      timeout: .seconds(20))
    for name in ["HOME", "XDG_CONFIG_HOME"] { command.environment[name] = folder.path }
    let run = try await ChildProcess.run(command, timeout: .seconds(60))
    #expect(run.exit.isSuccess, "\(run.errorText)")
    #expect(access(mark, F_OK) != 0)
    // The plant is one: without our options it runs.
    command.arguments.removeAll { $0 == "--ignore-config" || $0 == "--no-exec" }
    _ = try await ChildProcess.run(command, timeout: .seconds(60))
    #expect(access(mark, F_OK) == 0)
  }

  @Test func `An option in the place of an address is an address`() {
    for tool in ResolverTool.allCases {
      let command = tool.command(
        "x", url: "--exec=reboot", quality: "720p", userAgent: nil, timeout: .seconds(20))
      let mark = command.arguments.firstIndex(of: "--")
      let place = command.arguments.firstIndex(of: "--exec=reboot")
      #expect((mark ?? .max) + 1 == place)
    }
  }

  @Test func `An old yt-dlp is refused, and one that is not there is said`() async throws {
    let folder = try TemporaryFolder()
    let old = try folder.file("yt-dlp", "#!/bin/sh\necho 2023.03.04\n")
    chmod(old, 0o755)
    for (program, words) in [(old, "too old"), (folder("none"), "install it")] {
      var settings = try Self.settings()
      settings.programs[.ytDlp] = program
      let studio = try Studio()
      let pool = Self.pool(studio, settings)
      await pool.define([CaptureTests.definition(["http://127.0.0.1:1/watch"])])
      pool.want([.radio])
      try await eventually("the reason is told") {
        studio.told.last { $0.state == .waiting }?.reason?.contains(words) ?? false
      }
      await pool.stop()
    }
  }

  @Test(arguments: [
    ("ERROR: [youtube:tab] X: The channel is not currently live", ResolverFailure.offline),
    ("ERROR: [youtube] X: This live event will begin in 3 hours.", .offline),
    ("No playable streams found on this URL: twitch.tv/x", .offline),
    ("ERROR: [youtube] X: Video unavailable. This video has been removed", .gone),
    ("ERROR: [generic] Unable to download webpage: HTTP Error 404: Not Found", .gone),
    ("ERROR: [youtube] X: Sign in to confirm your age", .login),
    ("ERROR: [youtube] X: Sign in to confirm you're not a bot", .rate),
    ("ERROR: HTTP Error 429: Too Many Requests", .rate),
    ("ERROR: Unsupported URL: http://127.0.0.1/", .unknownPage),
    ("ERROR: [generic] Unable to download webpage: <urlopen error timed out>", .network),
  ])
  func `What resolvers say is told apart`(_ text: String, _ failure: ResolverFailure) {
    #expect(ResolverFailure(text) == failure)
    let said = ResolverTool.ytDlp.read([], errors: text, isSuccess: false, now: .epoch)
    guard case .failure(let reason) = said else {
      Issue.record("no failure")
      return
    }
    #expect(reason.sentence.hasSuffix(".") || reason.sentence.hasSuffix(")."))
    if failure == .offline { #expect(reason.pace == .patient) }
  }

  @Test(arguments: [
    ("https://a.test/x.m3u8?expire=1763752800&sig=z", 1_763_752_800),
    ("https://a.test/api/manifest/expire/1763752800/ei/x/playlist.m3u8", 1_763_752_800),
    ("https://a.test/x.m3u8?hdnts=st=1763749000~exp=1763752800~acl=/*~hmac=1", 1_763_752_800),
    ("https://a.test/x.m3u8?exp=1763752800000", 1_763_752_800),
    ("https://a.test/x.m3u8?expires=12", nil), ("https://a.test/x.m3u8", nil),
    ("https://a.test/x.m3u8?expire=1", nil), ("https://a.test/e/1999999999/x", nil),
  ])
  func `An address says until when it can be used`(_ url: String, _ seconds: Int64?) {
    let now = Instant(microseconds: 1_763_750_000 * 1_000_000)
    #expect(
      AddressExpiry.of(url, now: now) == seconds.map { Instant(microseconds: $0 * 1_000_000) })
  }

  @Test(
    arguments: [
      ("https://www.youtube.com/watch?v=x", nil, SourceRoute.page),
      ("https://youtube.com.evil.test/", nil, .http),
      ("https://evil.test/youtube.com", nil, .http),
      ("https://radio.test/live.mp3", nil, .http), ("https://radio.test/a.mpd?x=1", nil, .http),
      ("rtsp://cam.test/1", nil, .ffmpeg), ("https://radio.test/live", .ffmpeg, .ffmpeg),
      ("https://radio.test/show", .page, .page),
    ] as [(String, SourceKind?, SourceRoute)])
  func `An address is read by whom it says`(
    _ url: String, _ kind: SourceKind?, _ route: SourceRoute
  ) {
    #expect(
      SourceRoute(url, kind: kind, inputFormat: nil, pages: ["youtube.com", "*.tv/live"]) == route)
  }
}
