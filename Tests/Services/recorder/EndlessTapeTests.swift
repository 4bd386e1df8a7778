import Base
import Glibc
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// What an endless tape must show: short forms in every run, the long ones by `make campaign`.
@Suite(.timeLimit(.minutes(20)))
struct EndlessTapeTests {
  /// Cut by the connection, never by the station; a line that can be cut and mended.
  struct Line {
    let server: IcecastServer
    let source: NumberedIcecastSource
    let proxy: ChaosProxy
    let studio: Studio
    let pool: CapturePool

    init(_ frames: NumberedFrames, burstBytes: Int = 65_536) async throws {
      server = try await IcecastServer.start(burstBytes: burstBytes)
      source = try await CaptureTests.source(server, frames)
      proxy = try ChaosProxy(to: server.port)
      studio = try Studio()
      pool = CapturePool(studio.environment())
      await pool.define([
        CaptureTests.definition(["http://127.0.0.1:\(proxy.port)/live"])
      ])
      pool.want([.radio])
      try await more(2)
    }

    /// Waits for so many further segments.
    func more(_ count: Int) async throws {
      let before = try await studio.segments(.radio).count
      try await eventually("\(count) more segments", within: .seconds(60)) {
        try await studio.segments(.radio).count >= before + count
      }
    }

    /// Nothing gets through for so long, and every connection is reset.
    func cut(for duration: Duration) async throws {
      proxy.set(.cutAfterReceived(0))
      try await EndlessTapeTests.wait(duration)
      proxy.set(.none)
    }

    func end() async {
      await pool.stop()
      source.stop()
    }
  }

  /// For what must last in real time.
  static func wait(_ duration: Duration) async throws {
    let time = SystemTimeSource()
    let end = time.monotonic() + duration
    try await eventually("\(duration) have passed", within: duration + .seconds(60)) {
      time.monotonic() >= end
    }
  }

  @Test(arguments: [
    NumberedFrames.Kind.mp3(kilobits: 128, sampleRate: 44_100),
    .adts(payload: 200, sampleRate: 44_100),
  ])
  func `What stands on the tape is the source, to the bit`(
    _ kind: NumberedFrames.Kind
  ) async throws {
    let frames = NumberedFrames(kind)
    let line = try await Line(frames)
    try await Self.wait(Campaign.pick(short: .seconds(8), long: .seconds(600)))
    await line.end()
    var bytes: [UInt8] = []
    for segment in try await line.studio.segments(.radio) {
      bytes += try DurableFile.read(line.studio.tapeRoot + "/" + segment.path)
    }
    let numbers = NumberedReport(bytes, of: frames).numbers
    let (first, last) = (try #require(numbers.first), try #require(numbers.last))
    #expect(bytes == frames.frames(first..<last + 1))
    try await CaptureTests.checkLedger(line.studio, of: frames)
    if Campaign.isOn {
      let account = try await line.studio.account(.radio)
      print("24/7 \(kind): \(numbers.count) frames, bit-identical; captured \(account.captured)")
    }
  }

  @Test(arguments: [0.2, 1, 2, 3])
  func `A cut that the server's burst covers loses and repeats nothing`(
    _ seconds: Double
  ) async throws {
    let frames = NumberedFrames()
    let line = try await Line(frames)
    for _ in 0..<Campaign.pick(short: 1, long: 5) {
      try await line.cut(for: .seconds(seconds))
      // Cuts that follow each other within ten seconds are answered with more patience; four of
      // these segments come at once, with the burst.
      try await line.more(Campaign.pick(short: 5, long: 18))
    }
    await line.end()
    let report = try await line.studio.report(.radio, of: frames)
    #expect(report.isSeamless, "\(report)")
    #expect(try await line.studio.segments(.radio).contains { $0.splice == .exact })
    try await CaptureTests.checkLedger(line.studio, of: frames)
    if Campaign.isOn { print("cut for \(seconds) s, 5 times: \(report)") }
  }

  @Test(arguments: [(16_384, 3.0), (0, 1.0), (65_536, 7.0)])
  func `What a longer cut loses is told to one frame`(
    _ burst: Int, _ seconds: Double
  ) async throws {
    let frames = NumberedFrames()
    let line = try await Line(frames, burstBytes: burst)
    try await line.cut(for: .seconds(seconds))
    try await line.more(5)
    await line.end()
    let report = try await line.studio.report(.radio, of: frames)
    #expect(report.duplicates.isEmpty && report.reordered.isEmpty && report.corrupt == 0)
    #expect(!report.missing.isEmpty)
    let missing = frames.frameDuration * report.missing.count
    try await CaptureTests.checkLedger(line.studio, missing: missing, of: frames)
    if Campaign.isOn {
      let account = try await line.studio.account(.radio)
      print(
        "cut for \(seconds) s, burst \(burst): missing \(missing), told \(account.missing)")
    }
  }

  @Test func `A recorder that is stopped and goes on loses nothing`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let desk = try await RecorderProcessTests.Desk()
    let child = try await desk.launch()
    try await eventually("the recorder is heard") { !desk.pulses.all.isEmpty }
    let now = SystemTimeSource().now()
    let pause = Campaign.pick(short: Duration.seconds(5), long: .seconds(30))
    let show = plan(from: now + .seconds(2), to: now + .seconds(10) + pause)
    try await desk.give(RecorderProcessTests.set(server.url("live"), 1, [show]))
    try await eventually("it has begun") { !desk.all(RecordingStarted.self).isEmpty }
    try await Self.wait(.seconds(2))
    kill(child.pid, SIGSTOP)
    try await Self.wait(pause)
    kill(child.pid, SIGCONT)
    let finished = try await eventually("it is finished", within: .seconds(60)) {
      desk.all(RecordingFinished.self).first
    }
    let report = try NumberedReport(fileAt: finished.file.path, of: frames)
    #expect(report.isSeamless && finished.file.gaps == [], "\(report) \(finished.file.gaps)")
    // By its own word while it runs, from its database when it has ended.
    try await Self.audit(desk, isLive: true)
    source.stop()
    await child.stop()
    try await Self.audit(desk, isLive: false)
    if Campaign.isOn { print("stopped for \(pause): \(report)") }
  }

  /// As `airloom audit` does.
  static func audit(_ desk: RecorderProcessTests.Desk, isLive: Bool) async throws {
    let command = ChildCommand(
      try BuiltPrograms.path("airloom-recorder"),
      ["audit", "--home", desk.home.path, "--stream", "radio"])
    let run = try await ChildProcess.run(command, timeout: .seconds(60))
    #expect(run.exit.isSuccess, "\(run.text)\(run.errorText)")
    #expect(run.text.contains("The books and the files agree."), "\(run.text)")
    #expect(run.text.contains("The recorder is at work") == isLive, "\(run.text)")
  }
}
