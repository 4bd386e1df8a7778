import Base
import Glibc
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("A playlist of a span of the tape", .timeLimit(.minutes(15)))
struct RangePlaylistTests {
  static let begin = TapeSimulator.begin
  static let stream = StreamID(unchecked: "radio")

  private static func make(
    _ segments: [TapeSegment], from: Double, to: Double, now: Double, gaps: [TapeGap] = [],
    isPartial: Bool = false, style: PlaylistStyle = PlaylistStyle()
  ) -> RangePlaylist.Outcome {
    RangePlaylist(
      stream: stream, from: begin + .seconds(from), to: begin + .seconds(to)
    ).make(
      segments, edge: edge(begin + .seconds(now), gaps: gaps), isPartial: isPartial, style: style)
  }

  private static func edge(_ now: Instant, gaps: [TapeGap], isAlone: Bool = true) -> TapeEdge {
    LiveLineTests.edge(now, gaps: gaps, isAlone: isAlone, patience: RangePlaylist.patience)
  }

  private static func read(_ outcome: RangePlaylist.Outcome) throws -> PlaylistReader {
    guard case .playlist(let bytes, _) = outcome else { throw TestFailure("\(outcome)") }
    return PlaylistReader(bytes)
  }

  private static let tape = (0..<20).map { LiveLineTests.segment($0, at: Double($0) * 4) }

  /// 100 spans; AIRLOOM_TEST_SPANS asks for more.
  @Test func `random spans over holes of one to three recorders keep the rules`() async {
    let count = getenv("AIRLOOM_TEST_SPANS").flatMap { Int(String(cString: $0)) } ?? 100
    let faults = await onOwnThread { () -> [String] in
      var faults: [String] = []
      for seed in UInt64(1)...UInt64(max(1, count / 25)) {
        let tapes = TapeSimulator(
          seed: seed, recorders: Int(seed % 3) + 1, seconds: 900,
          container: seed % 4 == 0 ? "mpegts" : "mpeg-audio")
        var generator = SplitMix64(seed: seed)
        for _ in 0..<25 {
          let from = Int64(generator.next() % 1000) - 50
          let length = Int64(generator.next() % 300)
          let style = PlaylistStyle(
            container: generator.next() % 2 == 0 ? .native : .fragmentedMP4,
            showsGaps: generator.next() % 2 == 0)
          faults += Self.check(tapes, from, length, style).map { "seed \(seed) \(from): \($0)" }
        }
      }
      return faults
    }
    #expect(faults == [])
  }

  /// Looks at the span again and again while it runs, and once it is over.
  private static func check(
    _ tapes: TapeSimulator, _ from: Int64, _ length: Int64, _ style: PlaylistStyle
  ) -> [String] {
    let start = begin + .seconds(from)
    let end = start + .seconds(length)
    let plan = RangePlaylist(stream: stream, from: start, to: end)
    var faults: [String] = []
    var before: PlaylistReader?
    var isComplete = false
    var last: PlaylistReader?
    for seconds in [from + length / 2, from + length + 5, from + length + 1200] {
      let now = begin + .seconds(seconds)
      let answers = tapes.answers(at: now, from: start, to: end)
      let outcome = plan.make(
        TapeMerge(answers).segments,
        edge: edge(now, gaps: answers.flatMap(\.gaps), isAlone: answers.count == 1),
        isPartial: false, style: style)
      guard case .playlist(let bytes, let complete) = outcome else { continue }
      let read = PlaylistReader(bytes)
      faults += read.faults
      if let before, !isComplete {
        faults += before.breaches(by: read).filter { !complete || $0 != "the target changed" }
      }
      if isComplete, !complete { faults.append("it went on after its end") }
      if complete != read.hasEnd || (read.type == "VOD") != complete {
        faults.append("its end is not told")
      }
      (before, isComplete, last) = (read, complete, read)
    }
    // Everything of the span is there: what any recorder has is in the playlist.
    let whole = tapes.answers(at: .distantFuture, from: start, to: end).flatMap(\.segments)
    let covered = last?.entries.filter { !$0.isGap } ?? []
    for segment in whole {
      let middle = Instant(microseconds: (segment.startUs + segment.endUs) / 2)
      guard middle > start, middle < end else { continue }
      let isThere = covered.contains {
        $0.start - .milliseconds(150) <= middle && middle <= $0.end + .milliseconds(150)
      }
      if !isThere { faults.append("\(middle) was recorded and is not in the playlist") }
    }
    return faults
  }

  @Test func `a span that is over ends, and begins where it was asked to`() throws {
    let read = try Self.read(Self.make(Self.tape, from: 6, to: 30, now: 500))
    #expect(read.faults == [] && read.hasEnd && read.type == "VOD")
    #expect(read.entries.map(\.start).first == Self.begin + .seconds(4))
    #expect(read.entries.count == 7)
    #expect(read.startOffset == 2)
  }

  @Test func `a span that runs is an event from its beginning to now`() throws {
    let soFar = Array(Self.tape[..<10])
    let read = try Self.read(Self.make(soFar, from: 8, to: 3600, now: 41))
    #expect(read.faults == [] && !read.hasEnd && read.type == "EVENT")
    #expect(read.startOffset == 0)
    #expect(read.entries.count == 8)
    // What began before anything was captured begins with what there is, at once.
    let early = try Self.read(Self.make(soFar, from: -30, to: 3600, now: 41))
    #expect(early.entries.count == 10)
  }

  @Test func `it does not end while a recorder that may have more is silent`() throws {
    #expect(try !Self.read(Self.make(Self.tape, from: 0, to: 30, now: 500, isPartial: true)).hasEnd)
    // Nor while the last of it may be on its way.
    #expect(try !Self.read(Self.make(Self.tape, from: 0, to: 90, now: 100)).hasEnd)
    #expect(try Self.read(Self.make(Self.tape, from: 0, to: 90, now: 300)).hasEnd)
  }

  @Test(arguments: [
    (from: -500.0, to: 12.0, count: 3), (from: 3.999, to: 4.001, count: 2),
    (from: 79.9, to: 200, count: 1),
    (from: -500, to: 500, count: 20),
  ])
  func `what begins too early or a moment beside a segment gets what there is`(
    span: (from: Double, to: Double, count: Int)
  ) throws {
    let read = try Self.read(Self.make(Self.tape, from: span.from, to: span.to, now: 5000))
    #expect(read.faults == [])
    #expect(read.entries.count == span.count)
  }

  @Test func `where nothing is it says so, and why`() {
    let gap = TapeGap(
      startUs: (Self.begin + .seconds(80)).microseconds, endUs: nil, cause: "source-closed",
      detail: "The source closed the connection.")
    let cases: [(from: Double, to: Double, gaps: [TapeGap], word: String)] = [
      (-100, -50, [], "nobody had wanted it"),
      (100, 200, [gap], "The source closed the connection."),
      (9000, 9500, [], "still to come"), (40, 40, [], "nobody had wanted it"),
    ]
    for (from, to, gaps, word) in cases {
      let segments = from == 40 ? [] : Self.tape
      guard case .nothing(let text) = Self.make(segments, from: from, to: to, now: 5000, gaps: gaps)
      else {
        Issue.record("there is a playlist for \(from)")
        continue
      }
      #expect(text.contains(word), "\(text)")
    }
  }

  @Test func `one recorder's segment wins over another's gap, and nothing is lost between them`() {
    let one = (0..<5).map { LiveLineTests.segment($0, at: Double($0) * 4) }
    let two = (0..<8).map {
      LiveLineTests.segment($0, at: 14.5 + Double($0) * 4, node: "recorder-2")
    }
    let gap = TapeGap(
      startUs: one[4].endUs, endUs: one[4].endUs + 30_000_000, cause: "recorder-down",
      detail: "Down.")
    let answers = [
      TapeAnswer(node: one[0].node, segments: one, gaps: [gap]),
      TapeAnswer(node: two[0].node, segments: two, gaps: []),
    ]
    let merged = TapeMerge(answers).segments
    #expect(merged == one + two[1...])
    let account = TapeAccount(
      merged, answers, from: Self.begin, to: Self.begin + .seconds(60))
    #expect(
      account.spans == [.init(start: Self.begin, end: Self.begin + .milliseconds(46_500))])
    #expect(
      account.gaps == [
        .init(
          start: Self.begin + .milliseconds(46_500), end: Self.begin + .seconds(50),
          cause: "recorder-down", detail: "Down.")
      ])
  }
}
