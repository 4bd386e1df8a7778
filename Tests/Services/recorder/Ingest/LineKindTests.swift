import Base
import Glibc
import HTTPClient
import Media
import Messages
import Subprocess
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

/// Lines of what is not read frame by frame: pages of Ogg, chunks of a transport stream, what FFmpeg reads.
/// The recorder's program is ended during a capture and started again within two seconds.
@Suite("A restart of the recorder, by kinds of lines") struct LineKindTests {
  /// Segments follow each other without a seam. One that is cut short by the next kill before it has a
  /// row does not tell any more that it was joined.
  private static func checkSeams(
    _ tape: RecorderBench.Tape, _ log: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(tape.inside.isEmpty, "\(tape.gaps)\n\(log)", sourceLocation: sourceLocation)
    let splices = tape.segments.map(\.splice)
    #expect(
      splices.dropFirst().allSatisfy { $0 == .continuous || $0 == .exact }
        && splices.contains(.exact),
      "\(splices)\n\(log)", sourceLocation: sourceLocation)
    for (one, next) in zip(tape.segments, tape.segments.dropFirst()) {
      #expect(
        abs((next.start - one.end).inSeconds) < 0.1, "\(one) \(next)",
        sourceLocation: sourceLocation)
    }
  }

  @Test(
    "A transport stream over HTTP is one run of the source's bytes", .timeLimit(.minutes(6)),
    arguments: [RestartTests.End.killed, .told])
  func transport(_ end: RestartTests.End) async throws {
    let folder = try TemporaryFolder()
    let seconds = 300
    try await MovingPicture.makeFile(folder("show.ts"), seconds: seconds)
    let source = try DurableFile.read(folder("show.ts"))
    // As fast as it is broadcast. A second connection would begin with the file's beginning.
    let nginx = try await NginxServer.start(
      serving: folder.path, serverLines: ["limit_rate \(source.count / seconds);"])
    let bench = try await RecorderBench.start(nginx.url("show.ts"))
    try await bench.restart(by: end == .killed ? SIGKILL : SIGTERM)
    let tape = try await bench.close()
    await nginx.kill()
    let bytes = tape.bytes
    // What stands before the first tables names no programme.
    let start = stride(from: 0, through: 376, by: 188).first {
      source.count - $0 >= bytes.count && Array(source[$0..<$0 + bytes.count]) == bytes
    }
    #expect(start != nil, "\(tape.segments.map { ($0.start, $0.bytes, $0.splice) })\n\(bench.log)")
    #expect(bytes.count > source.count / seconds * 6)
    Self.checkSeams(tape, bench.log)
  }

  @Test(
    "Pages of Ogg are all there once, bit for bit", .timeLimit(.minutes(6)),
    arguments: [
      (ToneSource.Format.vorbis, RestartTests.End.killed), (.opus, .killed), (.flac, .killed),
      (.opus, .told),
    ])
  func pages(_ format: ToneSource.Format, _ end: RestartTests.End) async throws {
    let server = try await IcecastServer.start()
    let tone = try await ToneSource.start(format, to: server, mount: "live.ogg")
    let listener = try await Listener.start(server.url("live.ogg"))
    let bench = try await RecorderBench.start(server.url("live.ogg"))
    try await bench.restart(by: end == .killed ? SIGKILL : SIGTERM)
    let tape = try await bench.close()
    let heard = OggCaptureTests.frames(listener.stop()).map(\.bytes)
    await tone.stop()
    var found: [[UInt8]] = []
    for (segment, file) in zip(tape.segments, tape.files) {
      let frames = OggCaptureTests.frames(file).map(\.bytes)
      #expect(Int64(frames.count) == segment.run?.frames)
      found += frames
      let decoded = try await OggCaptureTests.decodedSeconds(
        bench.desk.home("media/tape/" + segment.path))
      #expect(abs(decoded - segment.duration.inSeconds) < 0.1, "\(decoded) \(segment)")
    }
    // Somebody who listened all the time heard the same pages.
    let first = try #require(heard.firstIndex(of: found[0]))
    let same = Array(heard[first...].prefix(found.count))
    #expect(same == found, "\(found.count) pages, heard \(heard.count - first)\n\(bench.log)")
    #expect(found.count > 6)
    Self.checkSeams(tape, bench.log)
  }

  @Test(
    "Of what FFmpeg reads every picture is there once", .timeLimit(.minutes(6)))
  func pictures() async throws {
    let station = try await MovingPicture.start(.rtmp)
    let bench = try await RecorderBench.start(
      "rtmp://127.0.0.1:\(station.port)/live/show", keepOn: { try await station.keepOn() })
    try await bench.restart(by: SIGKILL)
    let tape = try await bench.close()
    await station.stop()
    let joined = try bench.desk.home.file("all.ts", "")
    try DurableFile.write(tape.bytes, to: joined)
    let times = try await Self.times(ofPicturesIn: joined)
    // Twenty-five a second, on a clock of 90 kHz.
    let steps = Set(zip(times, times.dropFirst()).map { $1 - $0 })
    #expect(steps == [3600], "\(steps)\n\(bench.log)")
    let seconds = tape.segments.reduce(0) { $0 + $1.duration.inSeconds }
    #expect(times.count > 25 * 6 && abs(Double(times.count) / 25 - seconds) < 0.1)
    #expect(try await TransportCaptureTests.pictures(joined) == times.count)
    Self.checkSeams(tape, bench.log)
  }

  /// When each picture is shown, in the order of the file; the station makes none that waits for another.
  private static func times(ofPicturesIn path: String) async throws -> [Int64] {
    let run = try await ChildProcess.run(
      ChildCommand(
        "ffprobe",
        [
          "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts", "-of",
          "default=nokey=1:noprint_wrappers=1", path,
        ]), outputLimit: 16 << 20, timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("ffprobe \(run.exit): \(run.errorText)") }
    return run.text.split(whereSeparator: \.isNewline).compactMap { Int64($0) }
  }
}

/// Somebody who listens to a stream all the time.
private final class Listener: Sendable {
  private let bytes = Mutex<[UInt8]>([])
  private let client = HTTPClient()
  private let task = Mutex<Task<Void, any Error>?>(nil)

  /// Returns when something is heard.
  static func start(_ url: String) async throws -> Listener {
    let listener = Listener()
    let task = Task {
      for try await chunk in try await listener.client.stream(.endless(url)) {
        listener.bytes.withLock { $0 += chunk.bytes }
      }
    }
    listener.task.withLock { $0 = task }
    try await eventually("it is heard") { !listener.bytes.withLock { $0 }.isEmpty }
    return listener
  }

  /// What was heard.
  func stop() -> [UInt8] {
    task.withLock { $0 }?.cancel()
    client.stop()
    return bytes.withLock { $0 }
  }
}
