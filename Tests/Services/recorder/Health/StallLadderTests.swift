import Base
import Media
import Testing

@testable import airloom_recorder

struct StallLadderTests {
  static let format = FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2)
  static let frameDuration = Duration.nanoseconds(1152 * 1_000_000_000 / 44_100)

  /// A connection that brings frames as told; every frame has a hash of its own unless told.
  struct Line {
    var ladder = StallLadder()
    var now = Monotonic(nanoseconds: 1_000_000_000)
    var number: UInt64 = 0
    var owed = Duration.zero
    var hash: @Sendable (UInt64) -> UInt64 = { fold($0) }

    static func fold(_ number: UInt64) -> UInt64 {
      var generator = SplitMix64(seed: number)
      return generator.next()
    }

    mutating func bring(_ media: Duration, format: FrameFormat = StallLadderTests.format) {
      owed += media
      var frames: [FrameScanner.Frame] = []
      while owed >= frameDuration {
        owed -= frameDuration
        frames.append(
          FrameScanner.Frame(
            position: 0, start: 0, length: 417, samples: 1152, hash: hash(number),
            format: format))
        number += 1
      }
      ladder.note(bytes: frames.count * 417)
      ladder.note(frames, now: now)
    }

    /// So many seconds of sound for each second, ten times a second.
    mutating func pass(_ seconds: Double, pace: Double = 1, format: FrameFormat = format) {
      for _ in 0..<Int((seconds * 10).rounded()) {
        now = now + .milliseconds(100)
        if pace > 0 { bring(.milliseconds(100) * pace, format: format) }
        _ = ladder.finding(now)
      }
    }

    mutating func rung() -> StallLadder.Finding.Rung? { ladder.finding(now)?.rung }
  }

  @Test func `A burst and then the pace of the clock is well`() {
    var line = Line()
    line.bring(.seconds(60))
    line.pass(600)
    #expect(line.rung() == nil)
    #expect(line.ladder.keepsPace(over: .seconds(10), now: line.now) == true)
  }

  @Test(arguments: [2.0, 4, 8])
  func `A source that sends in lumps keeps pace`(_ lump: Double) {
    var line = Line()
    for _ in 0..<Int(600 / lump) {
      line.bring(.seconds(lump))
      line.pass(lump, pace: 0)
    }
    #expect(line.rung() == nil)
  }

  @Test(arguments: [(0.5, true), (0.4, true), (0.1, true), (0.7, false), (1.0, false)])
  func `Half the pace or less is slow, and found within twenty seconds`(
    _ pace: Double, _ isSlow: Bool
  ) {
    var line = Line()
    line.bring(.seconds(4))
    line.pass(30)
    line.pass(20.5, pace: pace)
    #expect((line.rung() == .slow) == isSlow)
    line.pass(21)
    #expect(line.rung() != .slow)
  }

  @Test func `A stall that is made good at once is no slowness`() {
    var line = Line()
    line.pass(33)
    line.pass(4, pace: 0)
    line.bring(.seconds(4))
    line.pass(30)
    #expect(line.rung() == nil)
  }

  @Test(arguments: [(0.98, true), (0.985, true), (0.995, false), (1.0, false)])
  func `A media clock that runs behind by more than a hundredth is told after five minutes`(
    _ pace: Double, _ isSlow: Bool
  ) {
    var line = Line()
    line.bring(.seconds(4))
    line.pass(320, pace: pace)
    #expect((line.rung() == .slowClock) == isSlow)
  }

  @Test func `Bytes without frames are told, silence of the line is not`() {
    var line = Line()
    line.pass(20)
    line.now = line.now + .seconds(6)
    #expect(line.rung() != .noFrames)
    line.ladder.note(bytes: 20_000)
    #expect(line.rung() == .noFrames)
    line.bring(.seconds(6))
    #expect(line.rung() == nil)
  }

  @Test func `A format or a station's name that changes is another station`() {
    var line = Line()
    line.ladder.note(station: "One")
    line.pass(5)
    let identity = line.ladder.brings
    #expect(identity?.station == "One")
    line.ladder.expect(identity ?? StallLadder.Identity())
    line.pass(5)
    #expect(line.rung() == nil)
    line.pass(1, format: FrameFormat(codec: .aac, sampleRate: 48_000, channels: 2))
    #expect(line.rung() == .changed)

    var other = Line()
    other.ladder = StallLadder(expected: identity)
    other.ladder.note(station: "Two")
    other.pass(1)
    #expect(other.rung() == .changed)
  }

  @Test(arguments: [(10.0, true), (29, true), (60, true), (300, false)])
  func `A loop is told by its period`(_ period: Double, _ isSeen: Bool) throws {
    let frames = UInt64((period / Self.frameDuration.inSeconds).rounded())
    var line = Line()
    line.pass(40)
    #expect(line.rung() == nil)
    line.hash = { Line.fold($0 % frames + 1_000_000) }
    line.pass(max(period * 2, period + 31) + 2)
    #expect((line.rung() == .looping) == isSeen)
    guard isSeen, case .looping(let found, _) = line.ladder.finding(line.now)?.kind else { return }
    let error = found - Self.frameDuration * Int(frames)
    #expect(error < .milliseconds(30) && error > .milliseconds(-30), "\(found)")
    // It is over as soon as something else comes.
    line.hash = { Line.fold($0 + 9_000_000) }
    line.pass(2)
    #expect(line.rung() == nil)
  }

  @Test func `A piece that is played twice is no loop`() {
    var line = Line()
    line.pass(40)
    line.hash = { Line.fold($0 % 766) }
    line.pass(20)
    line.hash = { Line.fold($0 + 9_000_000) }
    line.pass(15)
    #expect(line.rung() == nil)
  }

  @Test(arguments: [1, 2, 5, 8])
  func `Silence repeats a handful of frames and is called silence`(_ distinct: UInt64) {
    var line = Line()
    line.pass(40)
    // In no fixed order, as an encoder's bit reservoir leaves them.
    line.hash = { Line.fold(Line.fold($0) % distinct) }
    line.pass(20)
    #expect(line.rung() == nil)
    line.pass(14)
    #expect(line.rung() == .silent)
    line.hash = { Line.fold($0) }
    line.pass(1)
    #expect(line.rung() == nil)
  }
}
