import Base
import Testing

@testable import DASH

private let begun = Instant(seconds: 1_800_000_000)

/// How segments are counted that nobody counts.
struct DASHNumbersTests {
  /// Segments of two seconds, named by their time.
  private static func list(
    _ places: Range<Int>, shift: Int = 0, isDated: Bool = true
  ) -> [(identity: String, start: Instant?)] {
    places.map { ("/s/\($0).m4s", isDated ? begun + .seconds(2 * $0 + shift) : nil) }
  }

  @Test func `A segment keeps its number while lists overlap`() {
    var numbers = DASHNumbers()
    #expect(numbers.first(of: Self.list(10..<15)) == 0)
    #expect(numbers.first(of: Self.list(12..<18)) == 2)
    #expect(numbers.first(of: Self.list(12..<18)) == 2)
    // A copy that is a little old, and the next one.
    #expect(numbers.first(of: Self.list(11..<16)) == 1)
    #expect(numbers.first(of: Self.list(14..<20)) == 4)
    #expect(numbers.breaks == 0)
  }

  @Test func `After a hole the count leaves one out, and a list without anything changes nothing`()
  {
    var numbers = DASHNumbers()
    #expect(numbers.first(of: []) == 0)
    #expect(numbers.first(of: Self.list(0..<3)) == 0)
    #expect(numbers.first(of: []) == 3)
    #expect(numbers.first(of: Self.list(2..<5)) == 2)
    #expect(numbers.first(of: Self.list(50..<53)) == 6 && numbers.breaks == 1)
  }

  @Test func `The same names at another time are other segments`() {
    var numbers = DASHNumbers()
    #expect(numbers.first(of: Self.list(0..<3)) == 0)
    #expect(numbers.first(of: Self.list(0..<3, shift: 500)) == 4)
    #expect(numbers.breaks == 1)
  }

  @Test func `Over a restart the tape tells where the count was, by names alone`() {
    let tape = (0..<3).map {
      DASHNumbers.Known(number: Int64(40 + $0), identity: "/s/\(7 + $0).m4s", start: nil)
    }
    var numbers = DASHNumbers(known: tape)
    #expect(numbers.first(of: Self.list(8..<12)) == 41)
    var undated = DASHNumbers(known: tape)
    #expect(undated.first(of: Self.list(9..<12, isDated: false)) == 42)
    var later = DASHNumbers(known: tape)
    #expect(later.first(of: Self.list(20..<22)) == 44)
  }
}
