import Base
import FoundationEssentials
import Glibc
import HTTPClient
import HTTPServer
import Media
import Messages
import Service
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

struct TapeAuditorTests {
  static let frames = NumberedFrames()
  static let start = Instant(seconds: 1_700_000_000)

  /// Ten segments of a hundred frames, wanted and entered as a capture enters them.
  static func tape() async throws -> (Studio, [Segment]) {
    let studio = try Studio()
    let disk = SystemDisk()
    let writer = TapeWriter(stream: .radio, root: studio.tapeRoot, nextSequence: 0, disk: disk)
    let now = Monotonic(nanoseconds: 0)
    for index in UInt64(0)..<10 {
      let numbers = index * 100..<index * 100 + 100
      writer.begin(
        start: start + frames.start(ofFrame: numbers.lowerBound),
        format: TapeReconcilerTests.format, splice: .continuous, now: now)
      frames.frames(numbers).withUnsafeBytes {
        writer.append($0, frames: 100, samples: 115_200, now: now)
      }
    }
    writer.close(now: now)
    let segments = writer.takeClosed()
    let end = try #require(segments.last?.end)
    try await TapeLedger.write(
      [.wanted(from: start)] + segments.map { .segment($0) } + [.unwanted(at: end)], of: .radio,
      to: studio.database)
    return (studio, segments)
  }

  static func audit(
    _ studio: Studio, isFast: Bool = false, from: Instant = .epoch, to: Instant = .distantFuture
  ) async throws -> AuditReport {
    try await TapeAuditor(
      root: studio.tapeRoot, rows: DatabaseAuditRows(database: studio.database), isFast: isFast
    ).run(node: Studio.node, from: from, to: to)
  }

  @Test(arguments: [false, true])
  func `A whole tape agrees with its books`(_ isFast: Bool) async throws {
    let (studio, segments) = try await Self.tape()
    let report = try await Self.audit(studio, isFast: isFast)
    #expect(report.differences.isEmpty, "\(report.text)")
    let tape = try #require(report.tapes.first)
    #expect(tape.files == 10 && tape.withoutHash == 0 && tape.unknownUs == 0)
    #expect(tape.wantedUs == tape.capturedUs)
    #expect(tape.bytes == segments.reduce(0) { $0 + $1.bytes })
  }

  struct Damage: CustomTestStringConvertible, Sendable {
    let name: String
    let kinds: Set<AuditReport.Difference.Kind>
    /// Of these, those that are seen without reading contents.
    var fast: Set<AuditReport.Difference.Kind> = []
    let make: @Sendable (Studio, Segment) async throws -> Void
    var testDescription: String { name }
  }

  static func rewrite(
    _ studio: Studio, _ segment: Segment, _ change: (inout [UInt8]) -> Void
  ) throws {
    let path = studio.tapeRoot + "/" + segment.path
    var bytes = try DurableFile.read(path)
    change(&bytes)
    try DurableFile.write(bytes, to: path)
  }

  static let damages: [Damage] = [
    Damage(
      name: "a file that is gone", kinds: [.missingFile, .uncovered, .soundWithoutFile],
      fast: [.missingFile, .uncovered, .soundWithoutFile]
    ) { studio, segment in unlink(studio.tapeRoot + "/" + segment.path) },
    Damage(name: "a bit that flipped in sound", kinds: [.wrongHash]) { studio, segment in
      try rewrite(studio, segment) { $0[$0.count / 2 + 60] ^= 1 }
    },
    Damage(
      name: "a bit that flipped in a header",
      kinds: [
        .wrongHash, .wrongFrames, .wrongDuration, .damaged, .uncovered, .soundWithoutFile,
      ]
    ) { studio, segment in try rewrite(studio, segment) { $0[0] ^= 1 } },
    Damage(
      name: "a torn end",
      kinds: [
        .wrongHash, .wrongFrames, .wrongDuration, .damaged, .wrongSize, .uncovered,
        .soundWithoutFile,
      ], fast: [.wrongSize]
    ) { studio, segment in try rewrite(studio, segment) { $0.removeLast(100) } },
    Damage(
      name: "zeros in place of the second half",
      kinds: [
        .wrongHash, .wrongFrames, .wrongDuration, .damaged, .uncovered, .soundWithoutFile,
      ]
    ) { studio, segment in
      try rewrite(studio, segment) { bytes in
        for index in bytes.count / 2..<bytes.count { bytes[index] = 0 }
      }
    },
    Damage(
      name: "a row that is gone", kinds: [.extraFile, .gapWithSound],
      fast: [.extraFile, .uncovered]
    ) { studio, segment in
      try await studio.database.write {
        try SegmentCatalog.remove(.radio, sequence: segment.sequence, $0)
      }
    },
    Damage(
      name: "a file under another time",
      kinds: [.extraFile, .missingFile, .overlap, .soundWithoutFile, .uncovered],
      fast: [.extraFile, .missingFile, .soundWithoutFile, .uncovered]
    ) { studio, segment in
      let other = TapePath.path(
        .radio, start: segment.start - .seconds(1), sequence: segment.sequence, codec: .mp3)
      rename(studio.tapeRoot + "/" + segment.path, studio.tapeRoot + "/" + other)
    },
    Damage(
      name: "a label that was changed in the books",
      kinds: [.wrongLabel, .gapWithSound], fast: [.wrongLabel, .gapWithSound]
    ) { studio, segment in
      try await studio.database.write { transaction in
        _ = try transaction.execute(
          "UPDATE segments SET start_us = start_us + 50000 WHERE sequence = ?", segment.sequence)
      }
    },
    Damage(
      name: "a part that a crash left", kinds: [.extraFile], fast: [.extraFile]
    ) { studio, segment in
      try studio.folder.file("tape/" + segment.path + ".part", [1, 2, 3])
    },
    Damage(
      name: "wanted time of which the books say nothing", kinds: [.uncovered], fast: [.uncovered]
    ) { studio, segment in
      try await studio.database.write { transaction in
        _ = try transaction.execute("UPDATE wanted SET end_us = end_us + 30000000")
      }
    },
  ]

  @Test(arguments: damages)
  func `Every difference is found, and named as what it is`(_ damage: Damage) async throws {
    let (studio, segments) = try await Self.tape()
    try await damage.make(studio, segments[5])
    let report = try await Self.audit(studio)
    #expect(Set(report.differences.map(\.kind)) == damage.kinds, "\(report.text)")
    #expect(report.differences.allSatisfy { !$0.sentence.isEmpty && $0.stream == .radio })
    let fast = try await Self.audit(studio, isFast: true)
    #expect(Set(fast.differences.map(\.kind)) == damage.fast, "\(fast.text)")
  }

  @Test func `A piece of a tape is looked at alone`() async throws {
    let (studio, segments) = try await Self.tape()
    unlink(studio.tapeRoot + "/" + segments[8].path)
    let report = try await Self.audit(
      studio, from: segments[2].start + .seconds(1), to: segments[4].end - .seconds(1))
    #expect(report.differences.isEmpty, "\(report.text)")
    #expect(report.tapes.first?.files == 3)
  }

  @Test func `What retention took is not kept, and nothing differs`() async throws {
    let (studio, segments) = try await Self.tape()
    for batch in [segments[0..<2], segments[2..<5]] {
      let pieces = batch.map {
        RetentionPolicy.Piece(
          stream: .radio, sequence: $0.sequence, start: $0.start, end: $0.end, bytes: $0.bytes,
          path: $0.path)
      }
      try await studio.database.write {
        try RetentionCatalog.remove(pieces, why: RetentionPolicy.Reason.age.sentence, $0)
      }
      for segment in batch { unlink(studio.tapeRoot + "/" + segment.path) }
    }
    let report = try await Self.audit(studio)
    #expect(report.differences.isEmpty, "\(report.text)")
    let gaps = try await studio.gaps(.radio)
    #expect(gaps.map(\.cause) == [.notKept])
    #expect(gaps.first?.start == Self.start && gaps.first?.end == segments[4].end)
  }

  @Test func `A recorder that runs is audited by its own word`() async throws {
    let (studio, segments) = try await Self.tape()
    let desk = TapeDesk(
      node: Studio.node, root: studio.tapeRoot, tokenPath: studio.folder("keys/tape.token"),
      database: studio.database)
    var router = Router()
    desk.addRoutes(to: &router)
    let routes = router
    let server = try Server(.init(.tcp(host: "127.0.0.1", port: 0))) {
      await routes.respond(to: $0)
    }
    let rows = LiveAuditRows(
      client: studio.client, address: server.address.description,
      authorization: try TapeToken.load(studio.folder("keys/tape.token")).authorization)
    let auditor = TapeAuditor(root: studio.tapeRoot, rows: rows)
    // What is being written, and a segment that came after the books were read.
    try studio.folder.file("tape/" + segments[9].path + ".part", [1])
    let later = TapePath.path(
      .radio, start: segments[9].end, sequence: 10, codec: .mp3)
    try studio.folder.file("tape/" + later, Self.frames.frames(1000..<1100))
    let whole = try await auditor.run(node: Studio.node, from: .epoch, to: .distantFuture)
    #expect(whole.differences.isEmpty && whole.isLive, "\(whole.text)")
    #expect(whole.tapes.first?.inProgress == 2 && whole.tapes.first?.files == 10)
    try Self.rewrite(studio, segments[3]) { $0[1000] ^= 4 }
    let damaged = try await auditor.run(node: Studio.node, from: .epoch, to: .distantFuture)
    #expect(damaged.differences.map(\.kind) == [.wrongHash], "\(damaged.text)")
    withExtendedLifetime(server) {}
  }

  @Test func `A fingerprint is the same however the bytes come, and changes with every bit`() {
    var generator = SplitMix64(seed: 5)
    let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let whole = ByteDigest(of: bytes).value
    for _ in 0..<50 {
      var digest = ByteDigest()
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = min(rest.count, Int.random(in: 0...40, using: &generator))
        Array(rest.prefix(count)).withUnsafeBytes { digest.add($0) }
        rest = rest.dropFirst(count)
      }
      #expect(digest.value == whole)
    }
    var seen: Set<UInt64> = [whole]
    for bit in 0..<8000 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      seen.insert(ByteDigest(of: changed).value)
    }
    seen.insert(ByteDigest(of: bytes + [0]).value)
    seen.insert(ByteDigest(of: Array(bytes.dropLast())).value)
    #expect(seen.count == 8003)
  }
}
