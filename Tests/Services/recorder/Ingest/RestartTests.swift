import Base
import Glibc
import Media
import Messages
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// The recorder's program is ended during a capture and started again: the tape has every frame once.
@Suite("A restart of the recorder") struct RestartTests {
  enum End: String, Sendable { case killed, told }

  struct Case: Sendable, CustomTestStringConvertible {
    var kind = NumberedFrames.Kind.mp3(kilobits: 128, sampleRate: 44_100)
    var burst = 65_536
    var end = End.killed

    var testDescription: String { "\(kind), burst \(burst), \(end)" }
  }

  static let cases = [
    Case(burst: 0), Case(burst: 65_536),
    Case(kind: .adts(payload: 200, sampleRate: 44_100), burst: 0),
    Case(kind: .adts(payload: 200, sampleRate: 44_100)),
    Case(burst: 0, end: .told), Case(kind: .adts(payload: 200, sampleRate: 44_100), end: .told),
  ]

  @Test("loses nothing and repeats nothing", .timeLimit(.minutes(4)), arguments: cases)
  func restarts(_ item: Case) async throws {
    let frames = NumberedFrames(item.kind, tag: 21)
    let bench = try await RestartBench.start(frames, burst: item.burst)
    for round in 0..<RestartBench.rounds {
      try await bench.capture(for: .milliseconds(1500 + 700 * round % 2000))
      await bench.end(item.end == .killed ? SIGKILL : SIGTERM)
      try await bench.capture(for: .milliseconds(100 + 600 * round % 1900))
      try await bench.launch()
    }
    try await bench.capture(for: .seconds(2))
    let tape = try await bench.close()
    #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
    #expect(tape.frameCount == tape.report.numbers.count)
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
    #expect(tape.segments.count { $0.splice == .exact } >= RestartBench.rounds)
  }

  /// Encoded silence is a handful of equal frames: only counting them can tell where the tape ended.
  @Test(
    "loses nothing in digital silence", .timeLimit(.minutes(4)),
    arguments: [
      NumberedFrames.Kind.mp3(kilobits: 128, sampleRate: 44_100),
      .adts(payload: 200, sampleRate: 44_100),
    ])
  func silence(_ kind: NumberedFrames.Kind) async throws {
    let frames = NumberedFrames(kind, tag: 22)
    let bench = try await RestartBench.start(frames, burst: 65_536)
    bench.source.setSilent(UInt64(bench.source.log.count) + 20..<UInt64.max)
    for round in 0..<RestartBench.rounds {
      try await bench.capture(for: .milliseconds(2000 + 300 * round))
      await bench.end(SIGKILL)
      try await bench.capture(for: .milliseconds(200 + 500 * round % 1900))
      try await bench.launch()
    }
    try await bench.capture(for: .seconds(2))
    bench.source.setSilent(nil)
    try await bench.capture(for: .seconds(2))
    let tape = try await bench.close()
    let numbers = tape.report.numbers
    let first = try #require(numbers.first)
    let last = try #require(numbers.last)
    #expect(tape.report.duplicates.isEmpty && tape.report.reordered.isEmpty)
    // Numbered, silent, numbered again: as many as were sent.
    #expect(tape.frameCount - numbers.count > 200)
    #expect(tape.frameCount == Int(last - first) + 1, "\(tape.report)\n\(bench.log)")
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
  }

  /// As a machine that swaps, or a debugger, would have it.
  @Test("that is only stopped for a while loses nothing", .timeLimit(.minutes(3)))
  func stopped() async throws {
    let bench = try await RestartBench.start(NumberedFrames(tag: 26), burst: 0)
    try await bench.capture(for: .seconds(2))
    bench.signal(SIGSTOP)
    try await bench.capture(for: Campaign.pick(short: .seconds(7), long: .seconds(30)))
    bench.signal(SIGCONT)
    try await bench.capture(for: .seconds(4))
    let tape = try await bench.close()
    #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
  }

  /// What the socket has been through, its keys, cannot be handed over; the process that has them can.
  @Test("loses nothing over TLS", .timeLimit(.minutes(3)))
  func secure() async throws {
    let files = try TemporaryFolder()
    let certificate = files("station.pem")
    let made = try await ChildProcess.run(
      ChildCommand(
        "openssl",
        [
          "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
          "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
          "-keyout", files("station.key"), "-out", certificate,
        ]), timeout: .seconds(30))
    #expect(made.exit.isSuccess, "\(made.errorText)")
    let port = try LoopbackPort.free()
    var front: NginxServer?
    let bench = try await RestartBench.start(
      NumberedFrames(tag: 25), burst: 0, extra: ["AIRLOOM_RECORDER_CA_FILE": certificate]
    ) { address in
      front = try await NginxServer.start(serverLines: [
        "listen 127.0.0.1:\(port) ssl;", "ssl_certificate \(certificate);",
        "ssl_certificate_key \(files("station.key"));",
        "location /live { proxy_pass \(address); proxy_buffering off; }",
      ])
      return "https://127.0.0.1:\(port)/live"
    }
    for _ in 0..<2 {
      try await bench.capture(for: .seconds(2))
      await bench.end(SIGKILL)
      try await bench.capture(for: .milliseconds(900))
      try await bench.launch()
    }
    try await bench.capture(for: .seconds(2))
    let tape = try await bench.close()
    #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
    withExtendedLifetime(front) {}
  }

  @Test("whose window ends meanwhile has the whole window", .timeLimit(.minutes(3)))
  func windowEnds() async throws {
    let frames = NumberedFrames(tag: 23)
    let bench = try await RestartBench.start(frames, burst: 0, seconds: 6)
    try await bench.capture(for: .seconds(3))
    await bench.end(SIGKILL)
    // Past the end of the window, and past the patience with what may still come.
    try await eventually("the window is long over", within: .seconds(60)) {
      SystemTimeSource().now() > bench.window.end + .seconds(9)
    }
    try await bench.launch()
    let finished = try await eventually("it is finished", within: .seconds(60)) {
      bench.desk.all(RecordingFinished.self).first
    }
    let report = try NumberedReport(fileAt: finished.file.path, of: frames)
    #expect(report.isSeamless && finished.file.gaps == [], "\(report) \(finished.file.gaps)")
    #expect(abs(finished.file.durationUs - 6_000_000) < 30_000, "\(finished.file)")
    _ = try await bench.close()
  }

  @Test("leaves no ingest behind once its home is gone", .timeLimit(.minutes(2)))
  func orphan() async throws {
    let pid: Int32
    do {
      let bench = try await RestartBench.start(NumberedFrames(tag: 24), burst: 0)
      try await bench.capture(for: .seconds(1))
      pid = try #require(bench.ingest)
      await bench.end(SIGKILL)
      #expect(kill(pid, 0) == 0)
      bench.source.stop()
    }
    try await eventually("the ingest has ended") { kill(pid, 0) != 0 }
  }
}
