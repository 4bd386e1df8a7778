import Base
import Media
import Testing

struct SplicePolicyTests {
  static let frame = Duration.microseconds(26_122)

  /// Frames are numbers here: every frame different, except where a case says so.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    var tail: [UInt64] = Array(1000..<3300)
    var incoming: [UInt64]
    /// In frames, by arrival; at least that many while `isFinal` is not set.
    var overlap: Double?
    var isFinal = false
    let expected: SplicePolicy.Decision
    var testDescription: String { name }
  }

  static let silence: [UInt64] = (0..<2300).map { [7, 7, 8][$0 % 3] }
  /// A tone: 12 different frames over and over.
  static let loop: [UInt64] = (0..<2300).map { 50 + UInt64($0 % 12) }

  static let cases: [Case] = [
    Case(
      name: "a burst of 100 known frames, then new ones", incoming: Array(3200..<3310),
      expected: .join(skip: 100, certainty: .exact)),
    Case(
      name: "the shortest overlap that proves itself", incoming: Array(3292..<3400),
      expected: .join(skip: 8, certainty: .exact)),
    Case(
      name: "only known frames so far, the last ones of the tape", incoming: Array(3200..<3300),
      expected: .join(skip: 100, certainty: .exact)),
    Case(
      name: "known frames that do not reach the tape's end yet", incoming: Array(3200..<3250),
      expected: .wait),
    Case(
      name: "a false frame in front of the burst", incoming: [1] + Array(3201..<3350),
      expected: .join(skip: 100, certainty: .exact)),
    Case(name: "new frames only, not settled", incoming: Array(5000..<5100), expected: .wait),
    Case(
      name: "new frames only, settled: three seconds are missing",
      incoming: Array(5000..<5200), overlap: -115, isFinal: true, expected: .gap(frame * 115)),
    Case(
      name: "too few equal frames, placed by time near them", incoming: Array(3297..<3500),
      overlap: 8.4, isFinal: true, expected: .join(skip: 3, certainty: .ambiguous)),
    Case(
      name: "equal frames by chance, far from the place by time",
      incoming: [3299] + Array(6000..<6200), overlap: -400, isFinal: true,
      expected: .gap(frame * 400)),
    Case(
      name: "other frames for the same time, as from another encoder",
      incoming: Array(5000..<5200), overlap: 40.2, isFinal: true,
      expected: .join(skip: 40, certainty: .ambiguous)),
    Case(
      name: "a jingle of the last minute played again after an outage, while it plays",
      incoming: Array(2000..<2100), overlap: -200, expected: .wait),
    Case(
      name: "the same when the time is up", incoming: Array(2000..<2100), overlap: -200,
      isFinal: true, expected: .gap(frame * 200)),
    Case(
      name: "the same once it ended", incoming: Array(2000..<2100) + Array(7000..<7010),
      overlap: -200, isFinal: true, expected: .gap(frame * 200)),
    Case(
      name: "silence before and after, overlapping by time", tail: silence,
      incoming: Array(silence.suffix(90)) + Array(3300..<3310), overlap: 89.6, expected: .wait),
    Case(
      name: "the same, settled", tail: silence,
      incoming: Array(silence.suffix(90)) + Array(3300..<3310), overlap: 89.6, isFinal: true,
      expected: .join(skip: 90, certainty: .ambiguous)),
    Case(
      name: "silence before and after, ten seconds apart", tail: silence,
      incoming: Array(silence.prefix(150)), overlap: -383, isFinal: true,
      expected: .gap(frame * 383)),
    Case(
      name: "a tone that repeats: the place nearest by time", tail: loop,
      incoming: Array(loop.suffix(96)), overlap: 94, isFinal: true,
      expected: .join(skip: 96, certainty: .ambiguous)),
    Case(
      name: "a tone that repeats, not settled", tail: loop, incoming: Array(loop.suffix(96)),
      expected: .wait),
    Case(
      name: "the tape's end, and arrival says the same", incoming: Array(3200..<3310), overlap: 80,
      expected: .join(skip: 100, certainty: .exact)),
    Case(
      name: "the tape's end, and by arrival much less is there yet", incoming: Array(2000..<3310),
      overlap: 900, expected: .wait),
    Case(
      name: "the tape's end, and by arrival it was long ago", tail: Array(3000..<3300),
      incoming: Array(3200..<3310), overlap: -700, expected: .wait),
    Case(
      name: "the same, settled: a loop", tail: Array(3000..<3300),
      incoming: Array(3200..<3310), overlap: -700, isFinal: true, expected: .gap(frame * 700)),
    Case(
      name: "a short tape matched two seconds from the place by time: a loop",
      tail: Array(3100..<3300), incoming: Array(3200..<3310), overlap: 20, isFinal: true,
      expected: .join(skip: 20, certainty: .ambiguous)),
    Case(
      name: "a minute of tape matched two seconds from the place by time: another relay",
      incoming: Array(3200..<3310), overlap: 20, isFinal: true,
      expected: .join(skip: 100, certainty: .exact)),
    Case(
      name: "more has come already than the match says", tail: Array(3000..<3300),
      incoming: Array(3260..<3400), overlap: 130, expected: .wait),
    Case(
      name: "an empty tape", tail: [], incoming: Array(1..<100), overlap: -10, isFinal: true,
      expected: .gap(frame * 10)),
    Case(name: "nothing came yet", incoming: [], expected: .wait),
  ]

  @Test(arguments: cases)
  func `New frames are placed on the tape`(_ example: Case) {
    let policy = SplicePolicy(tail: example.tail, frameDuration: Self.frame)
    let overlap = example.overlap.map { Duration.nanoseconds(Int64($0 * 26_122_000)) }
    let decision = policy.decide(
      incoming: example.incoming, overlapByArrival: overlap, isFinal: example.isFinal)
    #expect(decision == example.expected)
  }

  @Test func `Every overlap of real frames from 8 to a minute is found exactly`() {
    let tape = (0..<2300).map { _ in UInt64.random(in: .min ... .max) }
    let policy = SplicePolicy(tail: tape, frameDuration: Self.frame)
    for overlap in stride(from: 8, through: 2300, by: 61) {
      let incoming = tape.suffix(overlap) + (0..<5).map { UInt64($0) }
      #expect(
        policy.decide(incoming: Array(incoming), overlapByArrival: nil, isFinal: false)
          == .join(skip: overlap, certainty: .exact))
    }
  }

  @Test func `The tail keeps the newest frames in order`() {
    var tail = FrameTail(capacity: 5)
    for hash in UInt64(1)...4 { tail.append(hash) }
    #expect(tail.hashes == [1, 2, 3, 4])
    for hash in UInt64(5)...12 { tail.append(hash) }
    #expect(tail.hashes == [8, 9, 10, 11, 12])
    tail.removeAll()
    tail.append(1)
    #expect(tail.hashes == [1])
  }
}
