import Base
import Media
import TestSupport
import Testing

@testable import airloom_recorder

/// The ingest's protocol and what it decides, without a process.
struct IngestValueTests {
  static let frames: [IngestFrame] = [
    .hello(version: 1, build: "0.1.0 ä"), .welcome(version: 65_535, build: ""), .quit, .list,
    .listed,
    .beat, .open(line: .max, request: Array("{}".utf8)), .adopt(line: 7), .close(line: 0),
    .release(line: 3, offset: .max, bookmark: [1, 2, 3]), .credit(line: 4, upTo: 1 << 40),
    .held(
      .init(line: 9, start: 5, end: 4096, isComplete: true, bookmark: [0xFF], request: [0, 1])),
    .held(.init(line: 10, start: 0, end: 0, isComplete: false, bookmark: [], request: [])),
    .head(line: 1, head: []), .end(line: 1, reason: [9]),
    .bytes(
      line: 2, offset: 77, wall: -1, monotonic: 5, bytes: [UInt8](repeating: 0xAA, count: 999)),
  ]

  @Test func `Frames come out as they went in, however the bytes are cut`() throws {
    var encoder = IngestEncoder()
    for frame in Self.frames { encoder.add(frame) }
    for size in [1, 2, 3, 7, 64, 100_000] {
      var decoder = IngestDecoder()
      var found: [IngestFrame] = []
      for start in stride(from: 0, to: encoder.bytes.count, by: size) {
        let piece = Array(encoder.bytes[start..<min(start + size, encoder.bytes.count)])
        piece.withUnsafeBytes { decoder.feed($0) }
        while let frame = try decoder.next() { found.append(frame) }
      }
      #expect(found == Self.frames, "in pieces of \(size)")
    }
  }

  @Test func `What an unknown kind says is passed over`() throws {
    var encoder = IngestEncoder()
    encoder.add(.beat)
    var decoder = IngestDecoder()
    ([3, 0, 0, 0, 200, 1, 2] + encoder.bytes).withUnsafeBytes { decoder.feed($0) }
    #expect(try decoder.next() == .beat)
    #expect(try decoder.next() == nil)
  }

  @Test func `Damaged frames are refused or read, and never trap`() {
    var encoder = IngestEncoder()
    for frame in Self.frames { encoder.add(frame) }
    let seed: UInt64 = 20_261_121
    var generator = SplitMix64(seed: seed)
    var refused = 0
    for _ in 0..<3000 {
      var bytes = encoder.bytes
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
      var decoder = IngestDecoder()
      bytes.withUnsafeBytes { decoder.feed($0) }
      do {
        while try decoder.next() != nil {}
      } catch {
        refused += 1
      }
    }
    #expect(refused > 100, "seed \(seed)")
  }

  @Test func `A line's log gives back what it holds, with the times at which it came`() {
    let seed: UInt64 = 77
    var generator = SplitMix64(seed: seed)
    var log = LineLog()
    var all: [UInt8] = []
    var read: Int64 = 0
    for round in 0..<400 {
      let bytes = (0..<Int.random(in: 1...9000, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      all += bytes
      bytes.withUnsafeBytes { log.append($0, arrival: arrival(round)) }
      while let piece = log.piece(at: read, limit: 5000) {
        var copy: [UInt8] = []
        log.copy(piece.count, at: read, to: &copy)
        #expect(copy == Array(all[Int(read)..<Int(read) + piece.count]), "seed \(seed)")
        #expect(piece.arrival == arrival(round))
        read += Int64(piece.count)
      }
      #expect(read == log.end)
      if round % 7 == 0 {
        log.drop(before: Int64.random(in: log.start...log.end, using: &generator))
        var copy: [UInt8] = []
        log.copy(log.count, at: log.start, to: &copy)
        #expect(copy == Array(all[Int(log.start)...]), "seed \(seed)")
      }
    }
  }

  private func arrival(_ seconds: Int) -> MediaTimeline.Arrival {
    MediaTimeline.Arrival(
      wall: Instant(seconds: Int64(seconds)), monotonic: Monotonic(nanoseconds: Int64(seconds)))
  }

  @Test func `A frame's place in the sound leads to its place on the line, and to the next title`()
  {
    for (interval, seed) in [(0, 1), (1, 2), (100, 3), (16_000, 4)] {
      var generator = SplitMix64(seed: UInt64(seed))
      // Sound that says where each byte stands, with titles of random length between it.
      let sound = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      var line: [UInt8] = []
      var places: [Int] = []
      for (index, byte) in sound.enumerated() {
        if interval > 0, index > 0, index % interval == 0 {
          let length = UInt8.random(in: 0...3, using: &generator)
          line += [length] + [UInt8](repeating: 0x55, count: Int(length) * 16)
        }
        places.append(line.count)
        line.append(byte)
      }
      let map = RestartMap()
      map.titles(interval: interval, rest: interval)
      var icy = ICYDeinterleaver(interval: interval)
      var start = 0
      while start < line.count {
        let piece = Array(
          line[start..<min(line.count, start + Int.random(in: 1...900, using: &generator))])
        piece.withUnsafeBytes { bytes in
          icy.feed(
            bytes,
            audio: { audio in
              if let first = audio.baseAddress, let origin = bytes.baseAddress {
                map.note(audio.count, at: first - origin)
              }
            }, metadata: { _ in })
        }
        map.advance(piece.count)
        start += piece.count
      }
      // Titles after every byte are more than are remembered.
      let first = interval == 1 ? sound.count - 400 : 0
      for position in stride(from: first, to: sound.count, by: 97) {
        guard let point = map.point(at: Int64(position)) else {
          Issue.record("\(position) of \(interval) is not known")
          continue
        }
        #expect(point.offset == Int64(places[position]))
        // Somebody else reads on from there.
        var other = ICYDeinterleaver(interval: interval)
        if let rest = point.icyRest { other.resume(audio: rest) }
        var heard: [UInt8] = []
        line[places[position]...].withUnsafeBytes { bytes in
          other.feed(bytes, audio: { heard += $0 }, metadata: { _ in })
        }
        #expect(heard == Array(sound[position...]), "at \(position) of \(interval)")
      }
    }
  }

  @Test func `A line is released with its first segment, then with each that is stored`() {
    func mark(_ sequence: Int64, _ offset: Int64) -> LineMarks.Mark {
      LineMarks.Mark(
        offset: offset, bookmark: LineBookmark(sequence: sequence, icyRest: nil, joins: true))
    }
    var marks = LineMarks()
    #expect(marks.stored(upTo: 3) == nil)
    #expect(marks.began(mark(5, 100)) == mark(5, 100))
    // Stored, but what follows in the next segment has no place yet.
    #expect(marks.stored(upTo: 5) == nil)
    #expect(marks.began(mark(6, 200)) == nil)
    #expect(marks.stored(upTo: 5) == mark(6, 200))
    #expect(marks.began(mark(7, 300)) == nil)
    #expect(marks.began(mark(8, 400)) == nil)
    // A full disk lets several go at once; 7 was given up, which is told like a stored one.
    #expect(marks.stored(upTo: 6) == mark(7, 300))
    #expect(marks.stored(upTo: 7) == mark(8, 400))
    #expect(marks.stored(upTo: 8) == nil)
  }

  @Test func `It ends when its home is gone, when nobody comes back, and not before`() {
    let limits = IngestLimits()
    func at(_ seconds: Int64) -> Monotonic { Monotonic(nanoseconds: seconds * 1_000_000_000) }
    var policy = IngestLifePolicy(limits, now: at(0))
    #expect(policy.ending(hasRecorder: true, lines: 0, isHomeThere: true, now: at(500)) == nil)
    #expect(policy.ending(hasRecorder: false, lines: 3, isHomeThere: true, now: at(510)) == nil)
    #expect(policy.ending(hasRecorder: false, lines: 3, isHomeThere: true, now: at(569)) == nil)
    #expect(policy.ending(hasRecorder: true, lines: 3, isHomeThere: true, now: at(569)) == nil)
    #expect(policy.ending(hasRecorder: false, lines: 3, isHomeThere: true, now: at(570)) == nil)
    #expect(policy.ending(hasRecorder: false, lines: 3, isHomeThere: true, now: at(631)) != nil)
    policy = IngestLifePolicy(limits, now: at(0))
    #expect(policy.ending(hasRecorder: false, lines: 0, isHomeThere: true, now: at(1)) == nil)
    #expect(policy.ending(hasRecorder: false, lines: 0, isHomeThere: true, now: at(3)) != nil)
    #expect(policy.ending(hasRecorder: true, lines: 9, isHomeThere: false, now: at(4)) != nil)
  }
}
