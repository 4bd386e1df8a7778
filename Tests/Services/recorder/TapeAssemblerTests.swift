import Base
import Media
import TestSupport
import Testing

@testable import airloom_recorder

struct TapeAssemblerTests {
  static let frames = NumberedFrames()
  static let start = Instant(seconds: 1_800_000_000)

  /// An assembler, a broadcast that runs in a time of its own, and a tape of what came out.
  final class Bench {
    struct Piece {
      var start: Instant
      var splice: Splice
      var bytes: [UInt8] = []
    }

    var assembler: TapeAssembler
    var pieces: [Piece] = []
    var contacts: [Instant] = []
    var leftOut: [Duration] = []
    private var scanner = FrameScanner()
    /// The number of the next frame that the connection brings.
    private var next: UInt64 = 0
    private(set) var now = 0.0
    private var speed = Double.infinity
    private let frames: NumberedFrames
    /// The broadcast repeats itself, to the bit, after so many frames.
    var loop: UInt64?
    /// Added to the wall clock.
    var clockError = Duration.zero

    init(
      _ assembler: TapeAssembler = TapeAssembler(),
      frames: NumberedFrames = TapeAssemblerTests.frames
    ) {
      self.assembler = assembler
      self.frames = frames
    }

    /// The server sends the last `burst` seconds of the broadcast at once, or at so many times the
    /// pace of real time.
    func connect(burst: Double, speed: Double = .infinity) {
      assembler.connected()
      begin(burst: burst, speed: speed)
    }

    /// Another process goes on with the connection, from the first frame of the piece that was open
    /// when the old one died; `known`: changes what it expects there.
    func restart(known change: ([UInt64]) -> [UInt64] = { $0 }) {
      var tail = FrameTail()
      for hash in pieces.flatMap({ Self.hashes($0.bytes) }) { tail.append(hash) }
      let known = Self.hashes(pieces.last?.bytes ?? [])
      assembler = TapeAssembler(tail: tail, format: assembler.format, end: assembler.end)
      assembler.connected(replaying: change(known))
      scanner = FrameScanner()
      next -= UInt64(known.count + scannerLag)
    }

    /// The scanner gives a frame when the next one has begun.
    private let scannerLag = 1

    static func hashes(_ bytes: [UInt8]) -> [UInt64] {
      var scanner = FrameScanner()
      scanner.feed(bytes)
      let first = scanner.frames.map(\.hash)
      scanner.finish()
      return first + scanner.frames.map(\.hash)
    }

    func begin(burst: Double, speed: Double = .infinity) {
      scanner = FrameScanner()
      next = UInt64(max(0, now - burst) / frames.frameDuration.inSeconds) + 1
      self.speed = speed
      deliver()
    }

    func disconnect() {
      scanner.finish()
      take()
      assembler.disconnected(record)
    }

    func pass(_ seconds: Double, isConnected: Bool = true) {
      for _ in 0..<Int((seconds * 10).rounded()) {
        now += 0.1
        if isConnected { deliver() }
      }
    }

    /// The broadcast goes on and the connection leaves this much of it out.
    func skip(_ seconds: Double) { next += UInt64(seconds / frames.frameDuration.inSeconds) }

    func report() -> NumberedReport { NumberedReport(pieces.flatMap(\.bytes), of: frames) }

    /// How far the label of each piece's first frame is from when it was on air.
    var labelErrors: [Duration] {
      pieces.compactMap { piece in
        NumberedReport(piece.bytes, of: frames).numbers.first.map { number in
          let error = piece.start - clockError - (start + frames.start(ofFrame: number))
          return error < .zero ? .zero - error : error
        }
      }
    }

    private func deliver() {
      let onAir = now / frames.frameDuration.inSeconds
      let played = UInt64(min(onAir, Double(next) + speed * 0.1 / frames.frameDuration.inSeconds))
      guard next < played else { return }
      let bytes = (next..<played).flatMap { number in
        frames.frame(loop.map { number % $0 } ?? number)
      }
      next = played
      scanner.feed(bytes)
      take()
    }

    private func take() {
      let elapsed = Duration.microseconds(Int64(now * 1e6))
      let arrival = MediaTimeline.Arrival(
        wall: start + elapsed + clockError,
        monotonic: Monotonic(nanoseconds: 1_000_000_000) + elapsed)
      let found = scanner.frames
      scanner.withBytes { assembler.take(found, $0, arrival: arrival, record) }
    }

    private func record(_ output: TapeAssembler.Output) {
      switch output {
      case .begin(let start, _, let splice): pieces.append(Piece(start: start, splice: splice))
      case .append(let bytes, _, _): pieces[pieces.count - 1].bytes += bytes
      case .relabel(let start): pieces[pieces.count - 1].start = start
      case .contact(let start): contacts.append(start)
      case .leftOut(let from, let to): leftOut.append(to - from)
      case .clockStepped: break
      case .heldBack, .placed, .cut: break
      }
    }
  }

  @Test func `A stream is cut at the grid and labelled by when it was on air`() {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(60)
    #expect(bench.report().isSeamless)
    #expect(bench.pieces.count >= 15)
    #expect(bench.labelErrors.allSatisfy { $0 < .milliseconds(110) }, "\(bench.labelErrors)")
    #expect(bench.pieces[0].splice == .first)
    #expect(bench.pieces.dropFirst().allSatisfy { $0.splice == .continuous })
    // The second begins as soon as labels have settled.
    #expect(
      bench.pieces.dropFirst(2).allSatisfy { $0.start.microseconds % 4_000_000 < 26_200 })
    #expect(bench.contacts.count == 1)
  }

  @Test(arguments: [0.0, 0.2, 1, 2, 3.5])
  func `An outage inside the burst is joined exactly`(_ outage: Double) {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    bench.disconnect()
    bench.pass(outage, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    #expect(bench.report().isSeamless, "\(bench.report())")
    #expect(bench.pieces.contains { $0.splice == .exact })
    #expect(bench.labelErrors.allSatisfy { $0 < .milliseconds(110) })
  }

  @Test(arguments: [5.0, 30, 300])
  func `A longer outage is a gap of its length`(_ outage: Double) {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    let end = bench.assembler.end
    bench.disconnect()
    bench.pass(outage, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    let report = bench.report()
    #expect(report.duplicates.isEmpty && report.reordered.isEmpty)
    #expect(bench.pieces.contains { $0.splice == .afterGap })
    let missing = Self.frames.frameDuration * report.missing.count
    let gap = end.flatMap { end in bench.contacts.last.map { $0 - end } } ?? .zero
    #expect(gap - missing < .milliseconds(60) && missing - gap < .milliseconds(60))
    #expect(bench.labelErrors.allSatisfy { $0 < .milliseconds(110) }, "\(bench.labelErrors)")
  }

  @Test func `What a connection brought before it broke early is kept`() {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    for _ in 0..<5 {
      bench.disconnect()
      bench.pass(1, isConnected: false)
      bench.connect(burst: 2)
      bench.pass(0.3)
    }
    bench.pass(10)
    #expect(bench.report().isSeamless, "\(bench.report())")
  }

  @Test func `What the station leaves out in an open connection becomes a gap`() {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    bench.pass(5, isConnected: false)
    bench.skip(5)
    bench.pass(60)
    let total = bench.leftOut.reduce(.zero, +)
    #expect(total > .seconds(4.8) && total < .seconds(5.2), "\(bench.leftOut)")
    #expect(bench.labelErrors.last.map { $0 < .milliseconds(150) } ?? false)
  }

  @Test(arguments: [3600, -3600])
  func `A step of the clock begins a new segment and touches no frame`(_ seconds: Int64) {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    let before = bench.pieces.count
    bench.clockError = .seconds(seconds)
    bench.pass(20)
    #expect(bench.report().isSeamless)
    #expect(bench.pieces.dropFirst(before).first?.splice == .relabelled)
    #expect(bench.labelErrors.last.map { $0 < .milliseconds(110) } ?? false)
  }

  @Test func `On a tape that ended long ago nothing is held back`() {
    var tail = FrameTail()
    for hash in UInt64(1)...100 { tail.append(hash) }
    let assembler = TapeAssembler(
      tail: tail, format: FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2),
      end: Self.start - .seconds(3600))
    let bench = Bench(assembler)
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    #expect(bench.pieces.count == 1 && bench.assembler.heldBack == 0)
    #expect(bench.pieces[0].splice == .afterGap)
  }

  /// A test tone: 440 Hz at 44,100 Hz repeats its frames every 245 of them, which is 6.4 s. What came
  /// before the pause and what comes after it are the same to the bit wherever one looks.
  @Test(
    arguments: [3.0, 5, 10, 40], [(2.0, 4.0), (5, 4), (5, 0), (8, 4), (20, 4), (20, 0), (45, 4)])
  func `A loop that goes on after a pause is not taken for what the tape has`(
    _ before: Double, _ pause: (seconds: Double, burst: Double)
  ) throws {
    let bench = Bench()
    bench.loop = 245
    bench.pass(100, isConnected: false)
    bench.connect(burst: pause.burst)
    bench.pass(before)
    bench.disconnect()
    bench.pass(pause.seconds, isConnected: false)
    bench.connect(burst: pause.burst)
    bench.pass(30)
    let error = try #require(bench.assembler.end) - Self.start - .seconds(bench.now)
    #expect(error > .milliseconds(-150) && error < .milliseconds(150), "\(error)")
    #expect(bench.leftOut.isEmpty, "\(bench.leftOut)")
    if pause.seconds > pause.burst + 1 {
      #expect(bench.pieces.contains { $0.splice == .afterGap })
    }
  }

  @Test(arguments: [30.0, 60])
  func `A burst that is large and slow is joined exactly`(_ burst: Double) {
    let bench = Bench()
    bench.pass(200, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(70)
    bench.disconnect()
    bench.pass(1, isConnected: false)
    bench.connect(burst: burst, speed: 10)
    bench.pass(30)
    #expect(bench.report().isSeamless, "\(bench.report())")
    #expect(bench.labelErrors.allSatisfy { $0 < .milliseconds(110) }, "\(bench.labelErrors)")
  }

  @Test(arguments: [3600.0, -3600])
  func `A step of the clock between two connections does not hide what they share`(
    _ seconds: Double
  ) {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(20)
    bench.disconnect()
    bench.clockError = .seconds(seconds)
    bench.pass(1, isConnected: false)
    let before = bench.pieces.count
    bench.connect(burst: 4)
    bench.pass(20)
    #expect(bench.report().isSeamless, "\(bench.report())")
    #expect(bench.pieces.dropFirst(before).first?.splice == .exact)
    #expect(bench.labelErrors.last.map { $0 < .milliseconds(110) } ?? false)
  }

  @Test(arguments: [nil, 1, 5] as [UInt64?], [0.0, 3, 90])
  func `A connection that outlived the process goes on at the very frame`(
    _ loop: UInt64?, _ pause: Double
  ) {
    let bench = Bench()
    bench.loop = loop
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(21.3)
    let end = bench.assembler.end
    bench.pass(pause, isConnected: false)
    bench.restart()
    bench.pass(20)
    if loop == nil { #expect(bench.report().isSeamless, "\(bench.report())") }
    #expect(bench.pieces.filter { $0.splice == .exact }.map(\.start) == [end])
    // Not a frame more or less than were on air since the tape's first one, but for those under way.
    let frames = bench.pieces.reduce(0) { $0 + Bench.hashes($1.bytes).count }
    let onAir = (45.3 + pause) / Self.frames.frameDuration.inSeconds
    #expect(abs(Double(frames) - onAir) < 4, "\(frames) of \(onAir)")
  }

  @Test func `A connection that turns out to be another one is spliced like any`() {
    let bench = Bench()
    bench.pass(100, isConnected: false)
    bench.connect(burst: 4)
    bench.pass(21.3)
    bench.restart { $0.dropLast(10) + $0.prefix(10) }
    bench.pass(20)
    #expect(bench.report().isSeamless, "\(bench.report())")
    #expect(bench.pieces.contains { $0.splice == .exact })
  }

  @Test func `Another format goes on without a seam in time`() {
    let first = NumberedFrames(.mp3(kilobits: 128, sampleRate: 44_100), tag: 1)
    let second = NumberedFrames(.adts(payload: 200, sampleRate: 48_000), tag: 2)
    var assembler = TapeAssembler()
    assembler.connected()
    var scanner = FrameScanner()
    scanner.feed(first.frames(0..<200) + second.frames(0..<200))
    var starts: [Instant] = []
    var codecs: [AudioCodec] = []
    let arrival = MediaTimeline.Arrival(wall: Self.start, monotonic: Monotonic(nanoseconds: 0))
    let found = scanner.frames
    scanner.withBytes { window in
      assembler.take(found, window, arrival: arrival) { output in
        if case .begin(let start, let format, _) = output {
          starts.append(start)
          codecs.append(format.codec)
        }
      }
    }
    #expect(codecs.first == .mp3 && codecs.last == .aac)
    if let left = starts.first, let right = codecs.firstIndex(of: .aac).map({ starts[$0] }) {
      let difference = right - left - first.start(ofFrame: 200)
      #expect(difference < .milliseconds(1) && difference > .milliseconds(-1))
    }
  }
}
