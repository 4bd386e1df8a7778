import Base
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("A live playlist", .timeLimit(.minutes(15)))
struct LiveLineTests {
  static let stream = StreamID(unchecked: "radio")
  static let begin = TapeSimulator.begin

  static func segment(
    _ sequence: Int64, at seconds: Double, lasting duration: Double = 4,
    _ splice: String = "continuous",
    node: String = "recorder-1", container: String = "mpeg-audio"
  ) -> TapeSegment {
    TapeSegment(
      node: NodeID(unchecked: node), sequence: sequence,
      startUs: begin.microseconds + Int64(seconds * 1e6), durationUs: Int64(duration * 1e6),
      container: container, codec: "mp3", splice: splice)
  }

  static func edge(
    _ now: Instant, gaps: [TapeGap] = [], isAlone: Bool = true,
    patience: Duration = LiveLine.patience
  ) -> TapeEdge {
    TapeEdge(now: now, gaps: gaps, isAlone: isAlone, patience: patience)
  }

  static func read(_ line: LiveLine, _ style: PlaylistStyle = PlaylistStyle(), window: Int = 60)
    throws -> PlaylistReader
  {
    PlaylistReader(
      try #require(line.playlist(Self.stream, window: .seconds(window), style: style)))
  }

  @Test(arguments: [
    (1, "mpeg-audio"), (2, "mpeg-audio"), (3, "mpeg-audio"), (1, "mpegts"), (2, "mpegts"),
  ])
  func `never says anything else than it has said, whatever recorders do`(
    recorders: Int, container: String
  ) async throws {
    let faults = await onOwnThread {
      (UInt64(1)...3).flatMap {
        Self.watch(seed: $0, recorders: recorders, container: container)
      }
    }
    #expect(faults == [])
  }

  /// Follows a simulated stream for some minutes as two players do, with a restart of the gateway
  /// now and then; returns what was wrong.
  private static func watch(seed: UInt64, recorders: Int, container: String) -> [String] {
    let tapes = TapeSimulator(
      seed: seed, recorders: recorders, seconds: 400, container: container)
    var line = LiveLine()
    var shown: [Bool: PlaylistReader] = [:]
    var faults: [String] = []
    var now = begin
    var generator = SplitMix64(seed: seed &+ 1000)
    while now < tapes.end {
      now += .milliseconds(1500 + Int64(generator.next() % 4000))
      // Now and then a recorder does not answer.
      let answers = tapes.answers(at: now, from: (line.end ?? now) - .seconds(60)).filter { _ in
        generator.next() % 10 > 0
      }
      let merge = TapeMerge(answers, after: line.items.last?.entry.segment)
      let gaps = answers.flatMap(\.gaps)
      _ = line.advance(
        merge.segments, edge: edge(now, gaps: gaps, isAlone: recorders == 1))
      if generator.next() % 20 == 0 {
        line = LiveLine(items: line.items, targetSeconds: line.targetSeconds)
      }
      for showsGaps in [false, true] {
        let style = PlaylistStyle(container: .fragmentedMP4, showsGaps: showsGaps)
        guard let bytes = line.playlist(stream, window: .seconds(45), style: style) else {
          continue
        }
        let read = PlaylistReader(bytes)
        faults += read.faults.map { "seed \(seed): \($0)" }
        faults += (shown[showsGaps]?.breaches(by: read) ?? []).map { "seed \(seed): \($0)" }
        shown[showsGaps] = read
      }
    }
    if shown[false].map({ $0.entries.count < 3 }) ?? true {
      faults.append("seed \(seed): too short")
    }
    return faults
  }

  @Test func `a hole is hidden while what is missing may still come, and told after 15 s`() throws {
    var line = LiveLine()
    let before = [Self.segment(1, at: 0, "first"), Self.segment(2, at: 4)]
    let after = Self.segment(3, at: 20, "after-gap")
    let all = before + [after]
    _ = line.advance(all, edge: Self.edge(Self.begin + .seconds(25)))
    #expect(line.items.map(\.entry.segment.sequence) == [1, 2])
    // The backfill was in time: nothing is missing.
    var filled = line
    let backfill = (0..<3).map { Self.segment(10 + $0, at: 8 + 4 * Double($0)) }
    _ = filled.advance(before + backfill + [after], edge: Self.edge(Self.begin + .seconds(26)))
    #expect(filled.items.map(\.entry.segment.sequence) == [1, 2, 10, 11, 12, 3])
    // It was not: the hole is told, and what comes later stays out.
    _ = line.advance(all, edge: Self.edge(Self.begin + .seconds(36)))
    _ = line.advance(before + backfill + [after], edge: Self.edge(Self.begin + .seconds(37)))
    #expect(line.items.map(\.entry.segment.sequence) == [1, 2, 3])
    #expect(try Self.read(line).entries.map(\.discontinuity).map { $0 - 1_000_000 } == [0, 0, 1])
    // One that its recorder has given up is told at once.
    var known = LiveLine()
    let gap = TapeGap(
      startUs: before[1].endUs, endUs: after.startUs, cause: "source-closed", detail: "Closed.")
    _ = known.advance(all, edge: Self.edge(Self.begin + .seconds(25), gaps: [gap]))
    #expect(known.items.count == 3)
  }

  @Test func `another recorder's tape is gone over to only when the one that was followed is late`()
  {
    var line = LiveLine()
    let one = [Self.segment(1, at: 0, "first"), Self.segment(2, at: 4)]
    // It is ahead: its segments end two seconds earlier.
    let two = (0..<4).map { Self.segment(50 + $0, at: 2 + Double($0) * 4, node: "recorder-2") }
    func hear(_ segments: [[TapeSegment]], at seconds: Double) -> [Int64] {
      let answers = segments.map { TapeAnswer(node: $0[0].node, segments: $0, gaps: []) }
      let merge = TapeMerge(answers, after: line.items.last?.entry.segment)
      _ = line.advance(
        merge.segments, edge: Self.edge(Self.begin + .seconds(seconds), isAlone: false))
      return line.items.map(\.entry.segment.sequence)
    }
    #expect(hear([one, two], at: 16) == [1, 2])
    #expect(hear([one + [Self.segment(3, at: 8)], two], at: 17) == [1, 2, 3])
    #expect(hear([two], at: 26) == [1, 2, 3])
    // Of the segment that began before the last one's end the first half is left out.
    #expect(hear([two], at: 27.5) == [1, 2, 3, 52, 52, 53])
    #expect(line.items.map(\.entry.seam).filter { $0 == .cut }.count == 1)
  }

  @Test func `with gaps=gap a hole is entries that are not there, and time runs through`() throws {
    var line = LiveLine()
    let tape = [
      Self.segment(1, at: 0, "first"), Self.segment(2, at: 4), Self.segment(3, at: 21, "after-gap"),
      Self.segment(4, at: 25),
    ]
    _ = line.advance(tape, edge: Self.edge(Self.begin + .seconds(60)))
    let read = try Self.read(line, PlaylistStyle(showsGaps: true))
    #expect(read.faults == [])
    #expect(read.entries.map(\.isGap) == [false, false, true, true, true, false, false])
    #expect(Set(read.entries.map(\.discontinuity)).count == 1)
    // Times are told to the millisecond.
    let steps = zip(read.entries, read.entries.dropFirst()).map { $1.start - $0.end }
    #expect(steps.allSatisfy { $0 <= .milliseconds(1) && $0 >= .milliseconds(-1) })
  }

  @Test func `a segment longer than the target is told in pieces`() throws {
    var line = LiveLine()
    _ = line.advance(
      [Self.segment(7, at: 0, lasting: 20, "first"), Self.segment(8, at: 20)],
      edge: Self.edge(Self.begin + .seconds(30)))
    let read = try Self.read(line)
    #expect(read.faults == [])
    #expect(read.target == 6)
    #expect(
      read.entries.map(\.durationUs) == [5_000_000, 5_000_000, 5_000_000, 5_000_000, 4_000_000])
    #expect(read.entries[1].address.hasSuffix("/segments/recorder-1/7-1795269600000000-1of4.ts"))
    #expect(Set(read.entries.map(\.discontinuity)).count == 1)
  }

  @Test func `what was before is put in front without a change to what was told`() throws {
    var line = LiveLine()
    let splices = [0: "first", 10: "new-format", 26: "after-gap"]
    let tape = (0..<40).map { index -> TapeSegment in
      let seconds = Double(index * 4 + (index > 25 ? 30 : 0))
      return Self.segment(Int64(index), at: seconds, splices[index] ?? "continuous")
    }
    _ = line.advance(Array(tape[26...]), edge: Self.edge(Self.begin + .seconds(200)))
    let short = try Self.read(line, window: 1000)
    let shown = try Self.read(line, PlaylistStyle(showsGaps: true), window: 1000)
    let added = line.extend(back: Array(tape[..<27]))
    #expect(added.count == 27)
    let long = try Self.read(line, window: 1000)
    #expect(long.faults == [] && long.entries.count == 40)
    #expect(long.entries.suffix(14) == short.entries[...])
    let longShown = try Self.read(line, PlaylistStyle(showsGaps: true), window: 1000)
    #expect(longShown.faults == [])
    #expect(longShown.entries.suffix(14) == shown.entries[...])
    // What is pruned is nobody's business any more.
    let kept = line.prune(before: Self.begin + .seconds(100))
    #expect(kept == line.items.first?.number)
    #expect(try Self.read(line, window: 60).breaches(by: Self.read(line, window: 50)) == [])
  }

  @Test func `after a long silence the line begins behind all its numbers`() throws {
    var line = LiveLine()
    // Entries of half a second: numbers run ahead of the clock.
    let dense = (0..<4000).map { Self.segment($0, at: Double($0) / 2, lasting: 0.5) }
    _ = line.advance(dense, edge: Self.edge(Self.begin + .seconds(2000)))
    let before = try Self.read(line)
    _ = line.advance(
      [Self.segment(9000, at: 2700, "after-gap")], edge: Self.edge(Self.begin + .seconds(2710)),
      startsAnew: true)
    let after = try Self.read(line)
    #expect(after.entries.count == 1)
    #expect(try #require(after.entries.first).number > #require(before.entries.last).number)
    #expect(
      try #require(after.entries.first).discontinuity > #require(before.entries.last).discontinuity)
    // Where the tape has nothing new, nothing is forgotten.
    _ = line.advance([], edge: Self.edge(Self.begin + .seconds(9999)), startsAnew: true)
    #expect(line.items.count == 1)
  }
}
