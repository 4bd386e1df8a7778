import Base
import Testing

@testable import Media
@testable import airloom_recorder

/// Where the chunks of a transport stream belong, without a stream.
struct TransportAssemblerTests {
  static let begin = Instant(seconds: 1_800_000_000)
  static let second: Int64 = 90_000

  static func chunk(_ number: Int, hasTables: Bool = true) -> TransportChunkScanner.Chunk {
    let bytes = Array("chunk \(number);".utf8)
    return TransportChunkScanner.Chunk(
      position: Int64(number) * 1000, bytes: bytes, start: Int64(number) * second,
      duration: second, isIndependent: true, hasTables: hasTables, isDiscontinuous: false,
      hash: bytes.withUnsafeBytes { frameHash($0) })
  }

  /// A tape in the making: what it holds, in order, and how its segments are joined.
  struct Tape {
    var assembler: TransportAssembler
    var segments: [TransportAssembler.Whole] = []

    init(end: Instant? = nil, tail: [UInt64] = []) {
      assembler = TransportAssembler(
        end: end, cut: SegmentCutPolicy(interval: .seconds(2)), tail: tail)
    }

    var text: String { String(decoding: segments.flatMap(\.bytes), as: UTF8.self) }
    var splices: [Splice] { segments.map(\.splice) }

    /// Chunk n arrives when the next one begins, `late` after that.
    mutating func take(
      _ numbers: Range<Int>, late: Duration = .zero, tables: [UInt8] = [],
      hasTables: Bool = true
    ) {
      for number in numbers {
        let after = Duration.seconds(number + 1) + late
        assembler.take(
          TransportAssemblerTests.chunk(number, hasTables: hasTables), tables: tables,
          arrival: MediaTimeline.Arrival(
            wall: TransportAssemblerTests.begin + after,
            monotonic: Monotonic(nanoseconds: 0) + after)
        ) { output in
          if case .segment(let whole) = output { segments.append(whole) }
        }
      }
    }

    mutating func end() {
      assembler.disconnected { output in
        if case .segment(let whole) = output { segments.append(whole) }
      }
    }
  }

  static func text(_ numbers: Range<Int>) -> String {
    numbers.map { "chunk \($0);" }.joined()
  }

  @Test func `What a line brings again is left out exactly, and what follows is joined`() {
    for known in [10..<13, 13..<13] {
      var tape = Tape(end: Self.begin + .seconds(13), tail: [])
      tape.assembler.connected(replaying: known.map { Self.chunk($0).hash })
      // By arrival it would belong 0.7 s behind the tape's end, or before it.
      tape.take(known.lowerBound..<20, late: .milliseconds(known.isEmpty ? 700 : -700))
      tape.end()
      #expect(tape.text == Self.text(13..<20))
      #expect(
        tape.splices.first == .exact && tape.segments.first?.start == Self.begin + .seconds(13))
      #expect(tape.splices.dropFirst().allSatisfy { $0 == .continuous })
    }
  }

  @Test func `A line that ends before it brings anything new adds nothing`() {
    var tape = Tape(end: Self.begin + .seconds(13))
    tape.assembler.connected(replaying: (10..<13).map { Self.chunk($0).hash })
    tape.take(10..<12)
    tape.end()
    #expect(tape.segments.isEmpty)
  }

  @Test func `A file that begins with tables of its own is known by them`() {
    let tables = Array("tables;".utf8)
    let hash = (tables + Self.chunk(12).bytes).withUnsafeBytes { frameHash($0) }
    var tape = Tape(end: Self.begin + .seconds(13))
    tape.assembler.connected(replaying: [hash])
    tape.take(12..<14, tables: tables, hasTables: false)
    tape.end()
    #expect(tape.text == "tables;" + Self.text(13..<14))
  }

  @Test func `A line that brings other chunks is joined like any connection`() {
    let tail = (0..<13).map { Self.chunk($0).hash }
    var tape = Tape(end: Self.begin + .seconds(13), tail: tail)
    tape.assembler.connected(replaying: [1, 2])
    tape.take(9..<20)
    tape.end()
    #expect(tape.text == Self.text(13..<20) && tape.splices.first == .exact)
  }

  /// It was made beside one that worked, and brings half a minute that the tape has.
  @Test func `A connection that lies behind the tape adds nothing until it catches up`() {
    var tape = Tape()
    tape.take(0..<60)
    tape.end()
    tape.assembler.connected()
    tape.take(28..<70)
    tape.end()
    #expect(tape.text == Self.text(0..<70))
    #expect(tape.splices.count { $0 == .exact } == 1 && tape.splices.first == .first)
    #expect(!tape.splices.contains(.afterGap) && !tape.splices.contains(.ambiguous))
  }
}
