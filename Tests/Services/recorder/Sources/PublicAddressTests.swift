import Base
import Configuration
import HTTPClient
import HTTPServer
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

/// `[recorder] public_addresses_only`, for those who know no filter of their own.
struct PublicAddressTests {
  static let guarded = AddressGuard(addresses: .publicInternet)

  @Test(arguments: [
    "rtmp://127.0.0.1:%/live/show", "rtmp://localhost:%/live/show",
    "rtmps://me:pw@localhost:%/live/show", "rtsp://[::1]:%/show", "rtsp://10.0.0.1/show",
    "rtsp://user:p@ss@127.0.0.1:%/show", "srt://169.254.169.254:%", "srt://2130706433:%",
    "udp://239.255.77.1:%", "udp://:%", "rtp://@:%", "rtp://0x7f.1:%",
    "srt://[::ffff:127.0.0.1]:%", "rtmp://1.1.1.1@127.0.0.1:%/live/show",
    "rtmp://127.0.0.1:%?@1.1.1.1/x", "rtmp://127.0.0.1:%#@1.1.1.1/x", "device:hw:0",
  ])
  func `FFmpeg is not started for what is not of the public internet`(
    _ form: String
  ) async throws {
    // A station that ends with its first guest.
    let station = try await MovingPicture.start(.rtmp)
    let studio = try Studio()
    let answer = try await FailingSource.said(
      form.replacing("%", with: "\(station.port)"), studio,
      TransportCaptureTests.router(studio, FFmpegSettings(addresses: Self.guarded)),
      inputFormat: form.hasPrefix("device") ? "alsa" : nil)
    // The HTTP client's own words.
    let client = HTTPClient(addresses: .publicInternet)
    let error = try #require(
      await #expect(throws: HTTPError.self) {
        try await client.request(HTTPRequest("GET", "http://127.0.0.1:\(station.port)/"))
      })
    let said = SourceFailure(error)
    #expect(answer.causes.contains(said.cause))
    let ending = try #require(said.sentence.firstRange(of: " is at ")).lowerBound
    #expect(answer.sentence.hasSuffix(said.sentence[ending...]), "\(answer.sentence)")
    #expect(!answer.sentence.contains("p@ss") && !answer.sentence.contains("pw@"))
    #expect(station.isRunning)
    await station.stop()
  }

  @Test(arguments: [
    ("rtmp://1.1.1.1:1935/live/x", "rtmp://1.1.1.1:1935/live/x"),
    // Any form that the system reads is a name until it is looked up.
    ("rtmp://134744072/live/x?a=b", "rtmp://8.8.8.8/live/x?a=b"),
    ("rtsp://me:p@ss@0x08.0x08.0x08.0x08:554/cam", "rtsp://me:p@ss@8.8.8.8:554/cam"),
    ("srt://[2606:4700:0::1111]:9000?latency=5", "srt://[2606:4700::1111]:9000?latency=5"),
    // A certificate proves the name, and HTTP servers must be told it.
    ("rtmps://134744072/live/x", "rtmps://134744072/live/x"),
    ("http://134744072/x.mpd", "http://134744072/x.mpd"),
  ])
  func `An address of the public internet is handed on in numbers, where that loses nothing`(
    _ url: String, _ handed: String
  ) async throws {
    #expect(try await Self.guarded.admit(url) == handed)
    #expect(try await AddressGuard.none.admit(url) == url)
  }

  @Test(arguments: [
    "rtmp:127.0.0.1/live/x", "rtmp:/127.0.0.1/live/x", "rtsp://[::1/x",
    "https://1.1.1.1\\@127.0.0.1/watch", "https://1.1.1.1 @127.0.0.1/watch",
  ])
  func `An address that two readers could understand differently is not handed on`(
    _ url: String
  ) async throws {
    let failure = await #expect(throws: SourceFailure.self) { try await Self.guarded.admit(url) }
    #expect(failure?.cause == .sourceRefused)
  }

  @Test func `A resolver is not started for a page of this machine`() async throws {
    let outlet = try HLSOutlet { _ in PageCaptureTests.page("http://1.1.1.1/x.m3u8") }
    var settings = try PageCaptureTests.settings()
    // Started, it would be told that it is not there.
    settings.programs = [.ytDlp: "/nonexistent", .streamlink: "/nonexistent"]
    let studio = try Studio()
    for host in ["127.0.0.1", "localhost"] {
      let url = outlet.url("watch").replacing("127.0.0.1", with: host)
      let answer = try await FailingSource.said(
        url, try Studio(), Self.router(studio, settings, page: Self.guarded))
      #expect(answer.causes.contains(.sourceRefused))
      #expect(answer.sentence.contains("of this machine"), "\(answer.sentence)")
    }
  }

  @Test(arguments: [
    "rtmp://127.0.0.1:1/live/x", "http://127.0.0.1:1/watch", "http://127.0.0.1:1/live",
  ])
  func `The setting holds for whoever reads an address`(_ url: String) async throws {
    var settings = Settings().recorder
    settings.isPublicOnly = true
    settings.pagePatterns = ["127.0.0.1/watch"]
    let studio = try Studio()
    let client = HTTPClient(addresses: .publicInternet)
    let answer = try await FailingSource.said(url, studio, SourceRouter(settings, client: client))
    #expect(answer.sentence.contains("of this machine"), "\(answer.sentence)")
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func `What a page leads to is held to the same`(_ host: String) async throws {
    let station = try await HLSStation.start(.sound)
    let target = station.url.replacing("127.0.0.1", with: host)
    let outlet = try HLSOutlet { _ in PageCaptureTests.page(target) }
    let studio = try Studio()
    // The page may be read, as one of the internet might.
    let answer = try await FailingSource.said(
      outlet.url("watch"), studio,
      Self.router(studio, try PageCaptureTests.settings(patterns: ["*/watch"]), page: .none))
    #expect(answer.causes.contains(.sourceRefused))
    #expect(answer.sentence.contains("of this machine"), "\(answer.sentence)")
    #expect(try await studio.segments(.radio).isEmpty)
  }

  private static func router(
    _ studio: Studio, _ settings: PageSettings, page: AddressGuard
  ) -> SourceRouter {
    SourceRouter(
      http: HTTPOpener(client: HTTPClient(addresses: .publicInternet)),
      ffmpeg: FFmpegOpener(FFmpegSettings(addresses: guarded)),
      page: PageOpener(settings, addresses: page),
      pages: ["127.0.0.1*/watch", "localhost*/watch"])
  }
}
