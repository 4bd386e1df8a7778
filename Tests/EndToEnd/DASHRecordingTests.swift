import Base
import FoundationEssentials
import HTTPClient
import Messages
import TestSupport
import Testing

/// A live DASH station (FFmpeg) through the whole suite, killed in the middle: one file with picture
/// and sound, and players that get both by HLS.
@Suite("A live DASH station")
struct DASHRecordingTests {
  @Test(
    "is recorded whole although the recorder is killed in the middle", .timeLimit(.minutes(8)))
  func killed() async throws {
    let installation = try Installation()
    try await installation.told {
      let station = try await DASHStation.start(.timeline, listed: 20)
      try await installation.start([.scheduler, .recorder, .gateway])
      let client = RESTClient(installation)
      try await client.logIn()
      try await client.post("/api/v1/streams", StreamInput("tv", station.url))
      let start = Instant(seconds: SystemTimeSource().now().seconds + 5)
      try await client.post(
        "/api/v1/schedules", ScheduleInput("show", on: "tv", at: start, seconds: 12, to: []))
      try await reach(start + .milliseconds(4300))
      await installation.kill(.recorder)
      try await reach(start + .milliseconds(6300))
      try await installation.start(.recorder, waitsUntilReady: true)
      let recording = try await client.recording(
        of: "show", in: [.committed], within: .seconds(90))
      let file = try #require(recording.file)
      #expect(file.gaps.isEmpty && file.contentType == "video/mp4", "\(file)")
      let facts = try await MediaProbe.facts(file.path)
      #expect(Set(facts.streams.map(\.codec)) == ["h264", "aac"])
      #expect(facts.seconds > 11.3 && facts.seconds < 13.7, "\(facts.seconds)")
      let starts = try await MediaProbe.starts(file.path)
      #expect(starts.count == 2)
      #expect(abs((starts.first ?? 0) - (starts.last ?? 1)) < 0.1, "\(starts)")

      let reader = try HLSRecordingTests.TapeReader(installation)
      for stream in ["tv", "tv.sound"] {
        let page = try await reader.page(stream)
        #expect(page.segments.count >= 12)
        let first = try #require(
          try await Self.place(of: page, stream, reader, station), "it is none of the station's")
        for (index, segment) in page.segments.enumerated() {
          let bytes = try await reader.get("/tape/\(stream)/segments/\(segment.sequence)")
          let made = try station.segment(ofSound: stream == "tv.sound", number: first + index)
          #expect(made == bytes, "\(stream) \(segment.sequence)")
        }
      }

      let answer = try await client.send("POST", "/api/v1/streams/tv/link")
      let link = try JSONDecoder().decode(HLSRecordingTests.Link.self, from: Data(answer.body))
      let port = try #require(client.port)
      let tracks = try await MediaProbe.codecs(
        "http://127.0.0.1:\(port)/live/tv/start/\(start.seconds)/10/vod.m3u8?key=\(link.key)")
      #expect(Set(tracks) == ["h264", "aac"], "\(tracks)")
      await station.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  /// The station's number of the tape's first segment.
  private static func place(
    of page: HLSRecordingTests.TapePage, _ stream: String, _ reader: HLSRecordingTests.TapeReader,
    _ station: DASHStation
  ) async throws -> Int? {
    let bytes = try await reader.get("/tape/\(stream)/segments/\(page.segments[0].sequence)")
    return (1...40).first { number in
      (try? station.segment(ofSound: stream == "tv.sound", number: number)) == bytes
    }
  }
}
