import Base

@testable import airloom_gateway

/// A stream that several recorders capture with interruptions, as their tapes look to a reader at a
/// given time; the same seed always makes the same tapes.
struct TapeSimulator {
  struct Recorder {
    let node: NodeID
    /// With the time at which each becomes readable.
    var segments: [(readable: Instant, segment: TapeSegment)] = []
    var gaps: [(readable: Instant, gap: TapeGap)] = []
  }

  static let begin = Instant(seconds: 1_795_269_600)

  private(set) var recorders: [Recorder] = []

  /// `container`: `mpeg-audio`, or `mpegts` with segments of uneven length.
  init(seed: UInt64, recorders count: Int, seconds: Int64, container: String = "mpeg-audio") {
    var generator = SplitMix64(seed: seed)
    for index in 0..<count {
      recorders.append(
        TapeSimulator.recorder(
          NodeID(unchecked: "recorder-\(index + 1)"), until: seconds * 1_000_000, container,
          &generator))
    }
  }

  var end: Instant {
    recorders.flatMap(\.segments).map(\.segment.end).max() ?? TapeSimulator.begin
  }

  func answers(at now: Instant, from: Instant = .epoch, to: Instant = .distantFuture)
    -> [TapeAnswer]
  {
    recorders.map { recorder in
      TapeAnswer(
        node: recorder.node,
        segments: recorder.segments.filter {
          $0.readable <= now && $0.segment.end > from && $0.segment.start < to
        }.map(\.segment),
        gaps: recorder.gaps.filter { $0.readable <= now }.map(\.gap))
    }
  }

  private static func recorder(
    _ node: NodeID, until end: Int64, _ container: String, _ generator: inout SplitMix64
  ) -> Recorder {
    func pick(_ range: ClosedRange<Int64>) -> Int64 {
      range.lowerBound + Int64(generator.next() % UInt64(range.upperBound - range.lowerBound + 1))
    }
    var recorder = Recorder(node: node)
    var time = pick(0...5_000_000)
    var sequence = pick(0...40)
    var splice = "first"
    while time < end {
      let isLong = pick(0...30) == 0
      let duration =
        isLong && container == "mpeg-audio"
        ? pick(7_000_000...40_000_000)
        : container == "mpeg-audio" ? pick(2_000_000...6_000_000) : pick(900_000...9_400_000)
      let start = begin.microseconds + time
      let segment = TapeSegment(
        node: node, sequence: sequence, startUs: start, durationUs: duration,
        container: container, codec: container == "mpeg-audio" ? "mp3" : "avc1.64001f,mp4a.40.2",
        splice: splice)
      let readable = Instant(microseconds: start + duration + pick(100_000...900_000))
      recorder.segments.append((readable, segment))
      time += duration
      sequence += 1
      // Labels follow the clock by parts of a millisecond.
      time += pick(-300...300)
      splice = "continuous"
      switch pick(0...19) {
      case 0:
        let length = pick(200_000...30_000_000)
        let gap = TapeGap(
          startUs: begin.microseconds + time, endUs: begin.microseconds + time + length,
          cause: "source-closed", detail: "The source closed the connection.")
        recorder.gaps.append((Instant(microseconds: gap.endUs ?? 0) + .seconds(3), gap))
        time += length
        splice = "after-gap"
      case 1: splice = ["exact", "ambiguous", "new-format", "clock-stepped"][Int(pick(0...3))]
      case 2: sequence += 1
      default: break
      }
    }
    return recorder
  }
}
