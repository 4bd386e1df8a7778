import Base
import Media
import Testing

struct SegmentCutPolicyTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    /// Milliseconds after a point of the grid.
    let segment: Int64
    let frame: Int64
    var isSettled = true
    let expected: Bool
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "before the grid point", segment: 8000, frame: 11_990, expected: false),
    Case(name: "on the grid point", segment: 8000, frame: 12_000, expected: true),
    Case(name: "first edge after it", segment: 8013, frame: 12_004, expected: true),
    Case(name: "a run that began shortly before", segment: 11_900, frame: 12_010, expected: false),
    Case(name: "which lasts to the next", segment: 11_900, frame: 16_001, expected: true),
    Case(name: "half an interval before", segment: 10_000, frame: 12_000, expected: true),
    Case(name: "not settled", segment: 8000, frame: 13_000, isSettled: false, expected: false),
    Case(
      name: "not settled but far too long", segment: 8000, frame: 128_000, isSettled: false,
      expected: true),
    Case(name: "settled but far too long", segment: 8000, frame: 24_000, expected: true),
    Case(name: "labels stepped back", segment: 3_600_000, frame: 1000, expected: false),
  ]

  @Test(arguments: cases)
  func `A segment is cut at the grid`(_ example: Case) {
    let policy = SegmentCutPolicy(interval: .seconds(4))
    let grid = Instant(seconds: 1_800_057_600)
    let segment = grid + .milliseconds(example.segment)
    let frame = grid + .milliseconds(example.frame)
    #expect(
      policy.isCut(
        segment: segment, held: frame - segment, frame: frame, isSettled: example.isSettled)
        == example.expected)
  }

  @Test func `A long run is cut once per interval, each time within a frame of the grid`() {
    let policy = SegmentCutPolicy(interval: .seconds(4))
    let start = Instant(microseconds: 1_800_000_001_234_567)
    var segment = start
    var cuts: [Instant] = []
    for number in Int64(0)..<100_000 {
      let label = start + .nanoseconds(number * 26_122_449)
      if policy.isCut(segment: segment, held: label - segment, frame: label, isSettled: true) {
        cuts.append(label)
        segment = label
      }
    }
    #expect(cuts.count == 652 || cuts.count == 653)
    #expect(cuts.allSatisfy { $0.microseconds % 4_000_000 < 26_200 })
    #expect(zip(cuts, cuts.dropFirst()).allSatisfy { ($1 - $0) > .seconds(3.9) })
  }
}
