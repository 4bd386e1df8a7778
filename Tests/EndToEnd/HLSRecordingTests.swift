import Base
import FoundationEssentials
import HTTPClient
import Messages
import TestSupport
import Testing

/// Live HLS stations (FFmpeg) through the whole suite: what is on the tape is what the station made,
/// bit for bit, and the recording plays.
@Suite("A live HLS station")
struct HLSRecordingTests {
  /// Scheduler, recorder and gateway, and a station that they know as `tv`.
  struct Site {
    let installation: Installation
    let client: RESTClient
    let station: HLSStation

    static func start(
      _ format: HLSStation.Format, listed: Int, in installation: Installation
    ) async throws -> Site {
      let station = try await HLSStation.start(format, listed: listed)
      try await installation.start([.scheduler, .recorder, .gateway])
      let client = RESTClient(installation)
      try await client.logIn()
      try await client.post("/api/v1/streams", StreamInput("tv", station.masterURL))
      return Site(installation: installation, client: client, station: station)
    }

    func schedule(seconds: Int) async throws -> Instant {
      let start = Instant(seconds: SystemTimeSource().now().seconds + 5)
      try await client.post(
        "/api/v1/schedules", ScheduleInput("show", on: "tv", at: start, seconds: seconds, to: []))
      return start
    }

    func committed() async throws -> FinishedFile {
      let recording = try await client.recording(
        of: "show", in: [.committed], within: .seconds(90))
      guard let file = recording.file else { throw TestFailure("\(recording) has no file") }
      return file
    }

    /// The tape as readers get it, in its order.
    func tape() async throws -> (page: TapePage, bytes: [[UInt8]]) {
      let reader = try TapeReader(installation)
      let page = try await reader.page("tv")
      var bytes: [[UInt8]] = []
      for segment in page.segments {
        bytes.append(try await reader.get("/tape/tv/segments/\(segment.sequence)"))
        if let hash = segment.`init` {
          let section = try await reader.get("/tape/tv/init/\(hash)")
          #expect(section == (try DurableFile.read(station.folder + "/init.mp4")))
        }
      }
      return (page, bytes)
    }

    /// Where the tape's segments stand among all that the station made; each must be one of them.
    func places(_ tape: [[UInt8]]) throws -> [Int] {
      let made = try station.segments().map(\.bytes)
      return try tape.map { bytes in
        guard let place = made.firstIndex(of: bytes) else {
          throw TestFailure("a segment of \(bytes.count) bytes is none of the station's")
        }
        return place
      }
    }

    func check(_ file: FinishedFile, lasts seconds: Double) async throws {
      let facts = try await MediaProbe.facts(file.path)
      let codecs = Set(facts.streams.map(\.codec))
      #expect(codecs == (station.format == .sound ? ["aac"] : ["h264", "aac"]))
      // It begins with the segment that holds the start.
      #expect(facts.seconds > seconds - 0.7 && facts.seconds < seconds + 1.7, "\(facts.seconds)")
      let decoded = Double(try await MediaProbe.decodedSamples(file.path)) / 44_100
      #expect(abs(decoded - facts.seconds) < 1, "\(decoded) s of sound in \(facts.seconds) s")
      #expect(file.contentType == (station.format == .sound ? "audio/mp4" : "video/mp4"))
      #expect(abs(Double(file.durationUs) / 1e6 - facts.seconds) < 0.1)
    }
  }

  struct Link: Decodable, Sendable { let key: String }

  struct TapePage: Decodable, Sendable {
    struct Segment: Decodable, Sendable {
      let sequence, startUs, durationUs: Int64
      let container, splice: String
      let `init`: String?
      let height: Int?
    }
    struct Hole: Decodable, Sendable {
      let startUs: Int64
      let endUs: Int64?
      let cause: String
    }
    let segments: [Segment]
    let gaps: [Hole]
  }

  /// Reads tapes as the gateway does.
  struct TapeReader {
    let client = HTTPClient()
    let address: String
    let token: String

    init(_ installation: Installation) throws {
      func line(_ path: String) throws -> String {
        String(decoding: try DurableFile.read(installation.home(path)), as: UTF8.self)
          .filter { !$0.isWhitespace }
      }
      address = "http://127.0.0.1:\(try line("run/recorder-1.port"))"
      token = try line("keys/tape.token")
    }

    func get(_ path: String) async throws -> [UInt8] {
      var request = HTTPRequest("GET", address + path)
      request.headers["Authorization"] = "Bearer \(token)"
      return try await client.request(request).body
    }

    func page(_ stream: String) async throws -> TapePage {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(TapePage.self, from: Data(try await get("/tape/\(stream)")))
    }
  }

  @Test(
    "is recorded whole although the recorder is killed in the middle", .timeLimit(.minutes(8)),
    arguments: [HLSStation.Format.transportStream, .fragmentedMP4])
  func killed(_ format: HLSStation.Format) async throws {
    let installation = try Installation()
    try await installation.told {
      let site = try await Site.start(format, listed: 20, in: installation)
      let start = try await site.schedule(seconds: 14)
      try await reach(start + .milliseconds(5300))
      await installation.kill(.recorder)
      try await reach(start + .milliseconds(8300))
      try await installation.start(.recorder, waitsUntilReady: true)
      let file = try await site.committed()
      let (page, bytes) = try await site.tape()
      let places = try site.places(bytes)
      // Every one between the first and the last, each once, in order.
      #expect(places == Array(places[0]..<places[0] + places.count), "\(places)")
      #expect(places.count >= 14)
      #expect(page.gaps.isEmpty && file.gaps.isEmpty, "\(page.gaps) \(file.gaps)")
      #expect(Set(page.segments.map(\.container)) == [format == .fragmentedMP4 ? "fmp4" : "mpegts"])
      #expect(Set(page.segments.map(\.height)) == [240])
      let end = try #require(page.segments.last)
      #expect(end.startUs + end.durationUs >= (start + .seconds(14)).microseconds)
      try await site.check(file, lasts: 14)
      print("\(format): \(places.count) segments, file of \(Double(file.durationUs) / 1e6) s")
      await site.station.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "whose sound is apart becomes one file with both, also when the recorder is killed",
    .timeLimit(.minutes(8)))
  func soundApart() async throws {
    let installation = try Installation()
    try await installation.told {
      let site = try await Site.start(.soundApart, listed: 20, in: installation)
      let start = try await site.schedule(seconds: 12)
      try await reach(start + .milliseconds(4300))
      await installation.kill(.recorder)
      try await reach(start + .milliseconds(6300))
      try await installation.start(.recorder, waitsUntilReady: true)
      let file = try await site.committed()
      #expect(file.gaps.isEmpty, "\(file.gaps)")
      try await site.check(file, lasts: 12)
      // Both tracks begin together, as they were sent, and not where their lists were loaded.
      let starts = try await MediaProbe.starts(file.path)
      #expect(starts.count == 2)
      #expect(abs((starts.first ?? 0) - (starts.last ?? 1)) < 0.1, "\(starts)")
      let reader = try TapeReader(installation)
      let made = try site.station.segments(ofSound: true).map(\.bytes)
      var places: [Int] = []
      for segment in try await reader.page("tv.sound").segments {
        let bytes = try await reader.get("/tape/tv.sound/segments/\(segment.sequence)")
        places.append(try #require(made.firstIndex(of: bytes), "it is none of the station's"))
      }
      #expect(places.count >= 12 && places == Array(places[0]..<places[0] + places.count))
      // Players get the two as one.
      let answer = try await site.client.send("POST", "/api/v1/streams/tv/link")
      let link = try JSONDecoder().decode(Link.self, from: Data(answer.body))
      let port = try #require(site.client.port)
      let tracks = try await MediaProbe.codecs(
        "http://127.0.0.1:\(port)/live/tv/start/\(start.seconds)/10/vod.m3u8?key=\(link.key)")
      #expect(Set(tracks) == ["h264", "aac"], "\(tracks)")
      await site.station.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "loses nothing by an outage shorter than its list, exactly the rest by a longer one",
    .timeLimit(.minutes(8)),
    arguments: [HLSStation.Format.transportStream, .fragmentedMP4, .sound])
  func outages(_ format: HLSStation.Format) async throws {
    let installation = try Installation()
    try await installation.told {
      let site = try await Site.start(format, listed: 6, in: installation)
      let start = try await site.schedule(seconds: 24)
      try await reach(start + .seconds(2))
      await site.station.goAway()
      try await reach(start + .milliseconds(4500))
      try site.station.comeBack()
      try await site.client.stream("tv", in: [.capturing], within: .seconds(20))
      try await reach(start + .seconds(9))
      #expect(try await site.tape().page.gaps.isEmpty)
      await site.station.goAway()
      try await reach(start + .milliseconds(19_500))
      try site.station.comeBack()
      let file = try await site.committed()
      let (page, bytes) = try await site.tape()
      let places = try site.places(bytes)
      #expect(places == places.sorted() && Set(places).count == places.count, "\(places)")
      let jumps = zip(places, places.dropFirst()).filter { $1 != $0 + 1 }
      let jump = try #require(jumps.first, "\(places)")
      #expect(jumps.count == 1, "\(places)")
      let gap = try #require(page.gaps.first)
      #expect(page.gaps.count == 1 && gap.cause == "source-unreachable", "\(page.gaps)")
      let index = try #require(places.firstIndex(of: jump.0))
      let (before, after) = (page.segments[index], page.segments[index + 1])
      #expect(gap.startUs == before.startUs + before.durationUs && gap.endUs == after.startUs)
      // As long as the segments that were not to be had.
      let missing = Double(jump.1 - jump.0 - 1)
      #expect(abs(Double(after.startUs - gap.startUs) / 1e6 - missing) < 0.2)
      #expect(after.splice == "after-gap")
      #expect(file.gaps.map(\.cause) == [.sourceUnreachable], "\(file.gaps)")
      #expect(abs(Double(file.lossUs) / 1e6 - missing) < 0.2, "\(file.gaps)")
      try await site.check(file, lasts: 24 - missing)
      print("\(format): \(places.count) segments, \(missing) lost and told as \(file.gaps)")
      await site.station.stop()
      #expect(await installation.stop().isEmpty)
    }
  }
}
