import Base
import Subprocess
import TestSupport
import Testing

@testable import airloom_gateway

/// Real browsers play what the gateway makes of every kind of tape, with the player of its pages.
@Suite("In a browser", .timeLimit(.minutes(15)), .serialized)
struct BrowserTests {
  @Test(arguments: HeadlessBrowser.Kind.allCases)
  func `every kind of tape plays, live and from the past, and over a gap`(
    kind: HeadlessBrowser.Kind
  ) async throws {
    let bench = try await StreamingBench.start()
    let start = StreamingTests.past
    try await Self.record(bench.recorder, from: start)
    let live = Task { await Self.broadcast(bench.recorder) }
    defer { live.cancel() }
    let begin = Double(start.seconds)
    var scenes: [BrowserStage.Scene] = []
    // Over the gap of 20 seconds after the sixth segment, into it: what comes next is played.
    for stream in ["mp3", "aac"] {
      scenes.append(
        .init(name: stream, stream: stream, start: begin + 1, duration: 120, seekTo: 30))
    }
    for stream in ["ts", "fmp4"] {
      scenes.append(
        .init(name: stream, stream: stream, start: begin + 1, duration: 60, seekTo: 13))
    }
    scenes.append(.init(name: "live", stream: "live"))
    if kind == .chromium {
      scenes.append(
        .init(
          name: "ts by Media Source", stream: "ts", start: begin + 1, duration: 60,
          forceMediaSource: true, seekTo: 13))
    }
    let origin = bench.gateway.origin
    let stage = try BrowserStage(
      gateway: { origin }, header: ("Cookie", bench.cookie), scenes: scenes)
    let reports = try await stage.play(in: kind, count: scenes.count)
    #expect(reports.map(\.name) == scenes.map(\.name))
    for (report, scene) in zip(reports, scenes) {
      #expect(report.isGood, "\(kind.rawValue) \(report)")
      if let target = scene.seekTo, report.mode == "mse" {
        // The gap of the audio tapes ends at 44.1 s.
        let wanted = scene.stream == "mp3" || scene.stream == "aac" ? 44.0 : target
        let ended = try #require(report.endedAt) - begin
        #expect((wanted...wanted + 12).contains(ended), "\(kind.rawValue) \(report)")
      }
      if scene.forceMediaSource || kind == .firefox { #expect(report.mode == "mse") }
    }
    await stage.stop()
    await bench.stop()
  }

  /// Tapes of 20 segments of bare frames with a gap, and of what an HLS station sends.
  private static func record(_ recorder: FakeRecorder, from start: Instant) async throws {
    recorder.record(
      NumberedFrames(.mp3(kilobits: 128, sampleRate: 44_100)), as: "mp3", from: start,
      segments: 20, holes: [6: 20])
    recorder.record(
      NumberedFrames(.adts(payload: 200, sampleRate: 44_100)), as: "aac", from: start,
      segments: 20, perSegment: 173, holes: [6: 20])
    let folder = try TemporaryFolder()
    for (name, options) in [
      ("ts", "-hls_segment_filename \(folder("ts%d.ts"))"),
      (
        "fmp4",
        "-hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 "
          + "-hls_segment_filename \(folder("fmp4%d.m4s"))"
      ),
    ] {
      let command =
        "-nostdin -v error -f lavfi -i testsrc=size=160x90:rate=25 -f lavfi "
        + "-i sine=440:sample_rate=48000 -t 24 -c:v libx264 -preset ultrafast -g 50 "
        + "-pix_fmt yuv420p -c:a aac -b:a 64k -output_ts_offset 5000 -f hls -hls_time 2 "
        + "-hls_list_size 0 \(options) \(folder("\(name).m3u8"))"
      let run = try await ChildProcess.run(
        ChildCommand(
          try requires(.ffmpeg), command.split(separator: " ").map(String.init)),
        timeout: .seconds(120))
      guard run.exit.isSuccess else { throw TestFailure(run.errorText) }
      let hash = String(repeating: "ab", count: 32)
      if name == "fmp4" {
        recorder.add(
          initialisation: try DurableFile.read(folder("init.mp4")), hash, to: "fmp4")
      }
      for index in 0..<12 {
        let file = folder("\(name)\(index).\(name == "ts" ? "ts" : "m4s")")
        recorder.add(
          TapeSegment(
            node: recorder.node, sequence: Int64(index),
            startUs: start.microseconds + Int64(index) * 2_000_000, durationUs: 2_000_000,
            container: name == "ts" ? "mpegts" : "fmp4", codec: "avc1.42c00b,mp4a.40.2",
            splice: index == 0 ? "first" : "continuous",
            initialisation: name == "fmp4" ? hash : nil), try DurableFile.read(file), to: name)
      }
    }
  }

  /// A radio stream that goes on until the task is cancelled.
  private static func broadcast(_ recorder: FakeRecorder) async {
    let frames = NumberedFrames(.mp3(kilobits: 128, sampleRate: 48_000))
    let start = SystemTimeSource().now() - .seconds(60)
    var sequence: Int64 = 0
    while !Task.isCancelled {
      let from = start + .seconds(3 * sequence)
      if from + .seconds(3) <= SystemTimeSource().now() {
        let first = UInt64(sequence) * 125
        recorder.add(
          TapeSegment(
            node: recorder.node, sequence: sequence, startUs: from.microseconds,
            durationUs: 3_000_000, container: "mpeg-audio", codec: "mp3",
            splice: sequence == 0 ? "first" : "continuous"), frames.frames(first..<first + 125),
          to: "live")
        sequence += 1
      } else {
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
  }
}
