import Base
import HTTPServer
import Media
import Messages
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// "Test this stream", for every kind of source, and what a capture says of one.
struct SourceTestTests {
  static func tester(_ studio: Studio, pages: PageSettings = PageSettings()) -> SourceTester {
    SourceTester(
      opener: SourceRouter(
        http: HTTPOpener(client: studio.client), ffmpeg: FFmpegOpener(),
        page: PageOpener(pages), pages: pages.pages), client: studio.client,
      pages: pages.pages, limit: .seconds(60))
  }

  static func definition(_ url: String) -> StreamDefinition {
    CaptureTests.definition([url])
  }

  @Test(arguments: [
    (ToneSource.Format.mp3, "mp3", "mp3"), (.adts, "adts", "aac"), (.opus, "ogg", "opus"),
    (.vorbis, "ogg", "vorbis"), (.flac, "ogg", "flac"),
  ])
  func `Sound over HTTP is told by its own bytes`(
    _ format: ToneSource.Format, _ container: String, _ codec: String
  ) async throws {
    let server = try await IcecastServer.start()
    let source = try await ToneSource.start(format, to: server, mount: "live")
    let studio = try Studio()
    let report = await Self.tester(studio).test(Self.definition(server.url("live")))
    await source.stop()
    #expect(report.ok && report.kind == "http" && report.problem == nil, "\(report)")
    #expect(report.source?.container == container && report.source?.codecs == [codec])
    #expect(report.source?.channels == 2 && (report.source?.sampleRate ?? 0) >= 44_100)
    #expect(report.server?.hasPrefix("Icecast") ?? false)
    let times = [report.connectMs, report.firstByteMs, report.firstFrameMs].compactMap(\.self)
    #expect(times.count == 3 && times == times.sorted())
    #expect(report.wouldRecord?.hasPrefix(codec) ?? false)
    // No tape, no row.
    #expect(try await studio.segments(.radio).isEmpty)
    #expect(FolderListing.names(in: studio.tapeRoot).isEmpty)
  }

  @Test func `An HLS station is told with what it offers`() async throws {
    let station = try await HLSStation.start(.fragmentedMP4)
    let studio = try Studio()
    let report = await Self.tester(studio).test(Self.definition(station.masterURL))
    #expect(report.ok && report.kind == "hls", "\(report)")
    #expect(!report.variants.isEmpty)
    #expect(report.source?.container == "fmp4" && report.source?.height == 240)
    #expect(report.source?.codecs.contains("h264") ?? false)
  }

  @Test func `A DASH station is told with what it offers`() async throws {
    let station = try await DASHStation.start(.numbers)
    let studio = try Studio()
    let report = await Self.tester(studio).test(Self.definition(station.url))
    await station.stop()
    #expect(report.ok && report.kind == "dash", "\(report)")
    #expect(report.variants.map(\.height) == [180])
    #expect(report.source?.container == "fmp4" && report.source?.codecs == ["h264"], "\(report)")
    #expect(report.wouldRecord?.contains("with its sound") == true, "\(report)")
  }

  @Test func `What FFmpeg reads, and a page, are told too`() async throws {
    let station = try await MovingPicture.start(.udp)
    let studio = try Studio()
    let report = await Self.tester(studio).test(
      Self.definition("udp://127.0.0.1:\(station.port)"))
    await station.stop()
    #expect(report.ok && report.kind == "ffmpeg" && report.source?.height == 180, "\(report)")
    #expect(report.source?.framesPerSecond == 25)

    let hls = try await HLSStation.start(.sound)
    let target = hls.url
    let outlet = try HLSOutlet { _ in PageCaptureTests.page(target) }
    let page = await Self.tester(
      studio, pages: try PageCaptureTests.settings(patterns: ["127.0.0.1*/watch"])
    ).test(Self.definition(outlet.url("watch")))
    #expect(page.ok && page.kind == "page, hls", "\(page)")
  }

  @Test func `What is wrong is one sentence`() async throws {
    let studio = try Studio()
    let nginx = try await NginxServer.start()
    try DurableFile.write(
      Array("<html><body>Moved</body></html>".utf8), to: nginx.folder + "/page.html")
    for (url, word) in [
      (nginx.url("none.mp3"), "404"), (nginx.url("page.html"), "web page"),
      ("http://127.0.0.1:1/x", "refused"), ("file:///etc/passwd", "file"),
    ] {
      let report = await Self.tester(studio).test(Self.definition(url))
      let problem = try #require(report.problem)
      #expect(!report.ok && problem.lowercased().contains(word), "\(problem)")
      #expect(problem.hasSuffix("."))
    }
  }

  @Test func `A list leads on, and what it names first need not work`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let nginx = try await NginxServer.start(serverLines: ["types { video/x-ms-asx asx; }"])
    try DurableFile.write(
      Array(
        """
        <ASX version="3.0"><TITLE>Radio</TITLE>
        <ENTRY><REF HREF="http://127.0.0.1:1/dead" /></ENTRY>
        <entry><ref href = "\(server.url("live"))"/></entry></ASX>
        """.utf8), to: nginx.folder + "/listen.asx")
    try DurableFile.write(
      Array("[playlist]\nFile1=listen.asx\nTitle1=a.b/c\n".utf8), to: nginx.folder + "/listen.pls")
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([CaptureTests.definition([nginx.url("listen.pls")])])
    pool.want([.radio])
    try await eventually("two segments", within: .seconds(40)) {
      try await studio.segments(.radio).count >= 2
    }
    try await eventually("the stream is described", within: .seconds(40)) {
      studio.told.contains { $0.source?.codecs == ["mp3"] && $0.source?.container == "mp3" }
    }
    await pool.stop()
    source.stop()
    let kept = try await studio.database.read { try DescriptionCatalog.find(.radio, $0) }
    #expect(kept?.sampleRate == 44_100)
  }
}
