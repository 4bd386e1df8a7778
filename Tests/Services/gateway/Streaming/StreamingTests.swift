import Base
import HTTPClient
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("HLS out of the tape", .timeLimit(.minutes(15)))
struct StreamingTests {
  /// A whole second ten minutes ago: what is asked for is over.
  static var past: Instant { Instant(seconds: SystemTimeSource().now().seconds - 1200) }

  @Test(arguments: [
    NumberedFrames.Kind.mp3(kilobits: 128, sampleRate: 44_100),
    .adts(payload: 200, sampleRate: 48_000),
  ])
  func `a span is exactly the frames of the tape, in both containers`(
    kind: NumberedFrames.Kind
  ) async throws {
    let bench = try await StreamingBench.start()
    let frames = NumberedFrames(kind)
    let start = Self.past
    bench.recorder.record(frames, as: "radio", from: start, segments: 12, holes: [5: 7])
    for (format, name) in [("ts", "ts"), ("fmp4", "mp4")] {
      let read = try await bench.playlist(
        "/live/radio/start/\(start.seconds)/600/vod.m3u8?format=\(format)")
      #expect(read.faults == [])
      #expect(read.hasEnd && read.entries.count == 12)
      #expect(Set(read.entries.map(\.discontinuity)).count == 2)
      let media = try await bench.media(read)
      let bytes = try await Self.frames(of: media, name)
      let report = NumberedReport(bytes, of: frames)
      #expect(report.isSeamless && report.numbers.count == 12 * 154, "\(format): \(report)")
    }
    await bench.stop()
  }

  /// The frames as FFmpeg takes them out.
  private static func frames(of media: [UInt8], _ name: String) async throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = try folder.file("media.\(name)", media)
    let run = try await ChildProcess.run(
      ChildCommand(
        "ffmpeg",
        ["-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "data", "-"]),
      outputLimit: 16 << 20, timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure(run.errorText) }
    return run.output
  }

  @Test func `whatever is asked for is answered with a playlist or a sentence`() async throws {
    let bench = try await StreamingBench.start()
    let start = Self.past
    let end = bench.recorder.record(
      NumberedFrames(), as: "radio", from: start, segments: 10, holes: [4: 60])
    let second = start.seconds
    let cases: [(path: String, status: Int, word: String)] = [
      ("/live/radio/start/\(second - 500)/510/vod.m3u8", 200, "#EXTINF"),
      ("/live/radio/start/\(second * 1000 + 3)/20/vod.m3u8", 200, "#EXT-X-START:TIME-OFFSET=0.003"),
      ("/live/radio/start/\(second)/0/vod.m3u8", 404, "captured"),
      ("/live/radio/start/\(second + 30)/40/vod.m3u8", 404, "The source closed the connection."),
      ("/live/radio/start/\(second - 5000)/100/vod.m3u8", 404, "nobody had wanted it"),
      ("/live/radio/start/\(second + 900_000)/100/vod.m3u8", 404, "still to come"),
      ("/live/radio/start/yesterday/100/vod.m3u8", 422, "20261121T190000Z"),
      ("/live/radio/start/\(second)/700000/vod.m3u8", 422, "seven days"),
      ("/live/radio/start/\(second)/-5/vod.m3u8", 422, "whole seconds"),
      ("/live/radio/start/\(second)/60/vod.m3u8?format=avi", 422, "ts or fmp4"),
      ("/live/none/start/\(second)/60/vod.m3u8", 404, "nobody had wanted it"),
      ("/live/radio/archive-\(second)-30.m3u8", 200, "#EXT-X-ENDLIST"),
      ("/live/radio/playlist_dvr_range-\(second)-30.m3u8", 200, "#EXT-X-ENDLIST"),
      ("/live/radio/archive-\(second)-now.m3u8", 200, "#EXT-X-PLAYLIST-TYPE:EVENT"),
      ("/live/radio/other.m3u8", 404, "nothing"),
      ("/live/radio/stream.m3u8", 404, "not_found"),
      ("/start/\(second)/30/vod.m3u8", 422, "Say which stream"),
      ("/start/\(second)/30/vod.m3u8?stream=radio", 200, "#EXT-X-ENDLIST"),
      ("/live/radio/segments/recorder-1/3-\(second)000000.ts", 200, "G"),
      ("/live/radio/segments/recorder-1/77-\(second)000000.ts", 404, "no longer"),
      ("/live/radio/segments/recorder-1/nonsense.ts", 404, "nothing"),
      ("/live/radio/segments/recorder-1/3-\(second)000000.aac", 200, "ALNF"),
      ("/live/radio/init/recorder-1/3-\(second)000000.mp4", 200, "ftyp"),
      ("/live/radio/init/recorder-1/\(String(repeating: "a", count: 64)).mp4", 404, "no longer"),
    ]
    for (path, status, word) in cases {
      let response = try await bench.get(path)
      #expect(response.status == status, "\(path): \(response.status) \(response.text.prefix(200))")
      #expect(response.text.contains(word), "\(path): \(response.text.prefix(300))")
    }
    let compact = start.formatted(date: "", between: "T", time: "") + "Z"
    let read = try await bench.playlist("/live/radio/start/\(compact)/86400/vod.m3u8?gaps=gap")
    #expect(read.entries.filter(\.isGap).count == 10 && read.faults == [])
    #expect(try #require(read.entries.last).end <= end + .milliseconds(2))
    await bench.stop()
  }

  @Test func `a link opens its stream to whoever has it, and nothing else, until it expires`()
    async throws
  {
    let bench = try await StreamingBench.start()
    let start = Self.past
    for stream in ["radio", "other"] {
      bench.recorder.record(NumberedFrames(), as: stream, from: start, segments: 3)
      try await bench.gateway.hear {
        try $0.apply(
          StreamChanged(
            id: StreamID(unchecked: stream),
            stream: StreamDefinition(
              id: StreamID(unchecked: stream), name: stream, urls: ["http://127.0.0.1:1/"])), $1)
      }
    }
    let made = try await Browser(gateway: bench.gateway, cookie: bench.cookie)
      .send("POST", "/api/v1/streams/radio/link", #"{"days":1}"#)
    #expect(made.status == 201)
    let key = try #require(made.text.firstMatch(of: /"key":"([0-9a-f.]+)"/)).1
    func stranger(_ path: String) async throws -> HTTPResponse {
      try await bench.gateway.send("GET", path)
    }
    let path = "/live/radio/start/\(start.seconds)/60/vod.m3u8"
    #expect(try await stranger(path).status == 401)
    let response = try await stranger("\(path)?key=\(key)")
    #expect(response.status == 200)
    #expect(response.headers["Access-Control-Allow-Origin"] == "*")
    #expect(response.headers["Cross-Origin-Resource-Policy"] == "cross-origin")
    let read = PlaylistReader(response.body)
    #expect(read.entries.allSatisfy { $0.address.hasSuffix("?key=\(key)") })
    let segment = try await stranger(try #require(read.entries.first).address)
    #expect(segment.status == 200 && segment.body.first == 0x47)
    #expect(segment.headers["Cache-Control"] == "public, max-age=86400, immutable")
    // With a cookie there is no word of other sites.
    #expect(try await bench.get(path).headers["Access-Control-Allow-Origin"] == nil)
    let refused = [
      "/live/other/start/\(start.seconds)/60/vod.m3u8?key=\(key)",
      "/start/\(start.seconds)/60/vod.m3u8?stream=other&key=\(key)",
      "\(path)?key=\(key.dropLast())0x", "\(path)?key=\(key.dropLast(2))", "\(path)?key=",
      "\(path)?key=9\(key)", "/api/v1/streams?key=\(key)",
    ]
    for path in refused {
      let status = try await stranger(path).status
      #expect(status == 403 || status == 401, "\(path)")
    }
    let links = bench.gateway.service.services.streaming.links
    let old = try await links.key(
      for: StreamID(unchecked: "radio"), until: Instant(seconds: start.seconds))
    #expect(try await stranger("\(path)?key=\(old)").text.contains("expired"))
    await bench.stop()
  }

  @Test func `segments come in ranges, are known again, and are fetched once`() async throws {
    let bench = try await StreamingBench.start()
    let start = Self.past
    bench.recorder.record(NumberedFrames(), as: "radio", from: start, segments: 2)
    let path = "/live/radio/segments/recorder-1/1-\(start.microseconds).ts"
    let before = bench.recorder.requests
    let whole = try await bench.get(path)
    let part = try await bench.get(path, headers: [("Range", "bytes=188-375")])
    #expect(part.status == 206 && part.body == Array(whole.body[188..<376]))
    #expect(part.headers["Content-Range"] == "bytes 188-375/\(whole.body.count)")
    #expect(try await bench.get(path, headers: [("Range", "bytes=9999999-")]).status == 416)
    let tag = try #require(whole.headers["ETag"])
    #expect(try await bench.get(path, headers: [("If-None-Match", tag)]).status == 304)
    let head = try await bench.gateway.send("HEAD", path, headers: [("Cookie", bench.cookie)])
    #expect(head.status == 200 && head.headers["Content-Length"] == "\(whole.body.count)")
    #expect(bench.recorder.requests == before + 1)
    await bench.stop()
  }

  @Test func `live goes on as it was after a restart, also while no recorder answers`()
    async throws
  {
    let bench = try await StreamingBench.start()
    let now = SystemTimeSource().now()
    bench.recorder.record(
      NumberedFrames(), as: "radio", from: now - .seconds(60), segments: 14, holes: [12: 2])
    let path = "/live/radio/stream.m3u8?window=30"
    let first = try await bench.playlist(path)
    #expect(first.faults == [] && !first.hasEnd && first.entries.count == 7)
    // Another process on the same database, which has not heard of a recorder yet.
    let desk = LiveDesk(
      reader: TapeReader(
        client: TapeClient(http: HTTPClient()) { "" }, time: SystemTimeSource(), log: .silent
      ) { [] }, database: bench.gateway.database, time: SystemTimeSource(), log: .silent)
    let again = try #require(
      try await desk.playlist(
        StreamID(unchecked: "radio"), window: .seconds(30), style: PlaylistStyle()))
    #expect(PlaylistReader(again).entries == first.entries)
    // A longer window shows more of the past under the numbers that it would have had.
    let long = try await bench.playlist("/live/radio/stream.m3u8?window=3600")
    #expect(long.faults == [] && long.entries.suffix(7) == first.entries[...])
    #expect(long.entries.count == 14)
    await bench.stop()
  }

  @Test func `the account of a tape tells what is there and why the rest is not`() async throws {
    let bench = try await StreamingBench.start()
    let start = Self.past
    bench.recorder.record(
      NumberedFrames(.mp3(kilobits: 128, sampleRate: 48_000)), as: "radio", from: start,
      segments: 10, perSegment: 125, holes: [4: 60])
    let text = try await bench.get(
      "/api/v1/streams/radio/tape?from=\(start)&to=\(start + .seconds(300))"
    ).text
    #expect(text.contains(#""spans":[{"end":"\#(start + .seconds(12))","start":"\#(start)"}"#))
    #expect(text.contains(#""cause":"source-closed""#))
    #expect(text.matches(of: /"cause"/).count == 1)
    let wrong = try await bench.get("/api/v1/streams/radio/tape?from=\(start)&to=\(start)")
    #expect(wrong.status == 422)
    await bench.stop()
  }

  @Test func `a plain player hears the frames as they are, for as long as they come`()
    async throws
  {
    let bench = try await StreamingBench.start()
    let frames = NumberedFrames()
    bench.recorder.record(
      frames, as: "radio", from: SystemTimeSource().now() - .seconds(41), segments: 10)
    var request = HTTPRequest.endless(bench.gateway.origin + "/listen/radio")
    request.headers.append("Cookie", bench.cookie)
    let stream = try await bench.gateway.client.stream(request)
    #expect(stream.head.headers["Content-Type"] == "audio/mpeg")
    var bytes: [UInt8] = []
    while bytes.count < 3 * 64_000, let chunk = try await stream.next() { bytes += chunk.bytes }
    let report = NumberedReport(bytes, of: frames)
    #expect(report.missing == [] && report.duplicates == [], "\(report)")
    #expect(report.numbers.first == 7 * 154, "\(report)")
    stream.cancel()
    await bench.stop()
  }
}
