import Base
import Glibc
import Media
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

/// The ledger of a tape of which something was taken off: wanted is captured or missing, to the
/// microsecond, and what was taken says why.
struct RetentionLedgerTests {
  static let minutes = 300
  static let start = RetentionTests.now - .seconds(60 * 300)
  static let end = RetentionTests.now
  /// No station for twenty minutes, of which a row of the ledger tells.
  static let outage = 120..<140

  static func minute(_ number: Int) -> Instant { start + .seconds(60 * number) }

  /// Minutes whose labels are two milliseconds apart or overlap, as those of a sender's clock do.
  static func studio() async throws -> Studio {
    let studio = try RetentionTests.studio()
    var segments: [Segment] = []
    for number in 0..<minutes where !outage.contains(number) {
      let begin = minute(number) + .milliseconds(number % 2 == 1 ? 2 : 0)
      let sequence = Int64(number)
      let path = TapePath.path(.radio, start: begin, sequence: sequence, codec: .mp3)
      try studio.folder.file("tape/" + path, [UInt8](repeating: 1, count: 1000))
      segments.append(
        Segment(
          stream: .radio, sequence: sequence, start: begin, samples: 44_100 * 60, frames: 2297,
          bytes: 1000, format: FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2),
          path: path, splice: .continuous))
    }
    let last = try #require(segments.last)
    let changes: [TapeLedger.Change] =
      [.wanted(from: start)] + segments.map { .segment($0) } + [
        .gap(
          Gap(
            start: minute(outage.lowerBound), end: minute(outage.upperBound),
            cause: .sourceUnreachable, detail: "The station did not answer.")),
        .unwanted(at: max(end, last.end)),
      ]
    try await TapeLedger.write(changes, of: .radio, to: studio.database)
    return studio
  }

  /// Both sides add up; returns minutes of each cause.
  @discardableResult
  static func sums(_ studio: Studio) async throws -> [String: Int] {
    let account = try await TapeLedger.account(
      of: .radio, from: start, to: end, in: studio.database)
    #expect(account.wanted == end - start)
    #expect(account.captured + account.missing == account.wanted)
    #expect(account.spans.first?.start == start && account.spans.last?.end == end)
    for (one, next) in zip(account.spans, account.spans.dropFirst()) {
      #expect(one.end == next.start)
    }
    #expect(account.unexplained.isEmpty)
    let left = try await studio.segments(.radio).map { TimeSpan(start: $0.start, end: $0.end) }
      .compactMap { $0.clamped(from: start, to: end) }.united(within: LedgerAccount.seam)
    #expect(account.captured == left.total)
    let gaps = account.spans.compactMap(\.gap)
    return Dictionary(grouping: gaps, by: \.cause.rawValue).mapValues { gaps in
      // Two milliseconds at a seam are no minute.
      Int((gaps.reduce(Duration.zero) { $0 + ($1.end - $1.start) } + .seconds(1)).inSeconds / 60)
    }
  }

  @Test func `What retention takes is missing as not kept, whatever the reason and the round`()
    async throws
  {
    let studio = try await Self.studio()
    #expect(try await Self.sums(studio) == ["source-unreachable": 20])
    let age = RetentionPolicy(defaults: .init(age: RetentionTests.hour * 4))
    try await studio.retention(age).round()
    #expect(try await Self.sums(studio) == ["source-unreachable": 20, "not-kept": 59])
    try await studio.retention(RetentionPolicy(defaults: .init(bytes: 190_000))).round()
    try await studio.retention(RetentionPolicy(defaults: .init(bytes: 100_000))).round()
    #expect(try await Self.sums(studio) == ["source-unreachable": 20, "not-kept": 180])
    // One row each for as long as there is no hole and one reason.
    let rows = try await studio.gaps(.radio).filter { $0.cause == .notKept }
    let seam = Duration.milliseconds(2)
    #expect(rows.map(\.start) == [Self.start, Self.minute(59) + seam, Self.minute(140)])
    #expect(
      rows.map(\.end) == [Self.minute(59), Self.minute(120) + seam, Self.minute(200) + seam])
    #expect(
      rows.map(\.detail) == [
        RetentionPolicy.Reason.age.sentence, RetentionPolicy.Reason.size.sentence,
        RetentionPolicy.Reason.size.sentence,
      ])
    try await RetentionTests.agree(studio)
  }

  @Test func `A lock that a person takes back lets its span go, between spans that went before`()
    async throws
  {
    let studio = try await Self.studio()
    let lock = TapeLock(
      stream: .radio, start: Self.minute(30), end: Self.minute(40), reason: "Ann")
    try await RetentionTests.store(studio, locks: [lock])
    let policy = RetentionPolicy(defaults: .init(age: RetentionTests.hour * 4))
    try await studio.retention(policy).round()
    let kept = try await Self.sums(studio)["not-kept"]
    // A segment that reaches into the lock stays.
    #expect(kept == 48)
    try await RetentionTests.store(studio, locks: [], version: 2)
    try await studio.retention(policy).round()
    #expect(try await Self.sums(studio) == ["source-unreachable": 20, "not-kept": 59])
    #expect(try await studio.gaps(.radio).filter { $0.cause == .notKept }.count == 1)
  }

  @Test func `A file that a person removed is missing as damage, beside what was not kept`()
    async throws
  {
    let studio = try await Self.studio()
    let policy = RetentionPolicy(defaults: .init(age: RetentionTests.hour * 4))
    try await studio.retention(policy).round()
    let segments = try await studio.segments(.radio)
    for segment in segments.suffix(12).prefix(3) {
      unlink(studio.tapeRoot + "/" + segment.path)
    }
    let again = try await Studio(copyOf: studio)
    let report = try await TapeReconciler(root: again.tapeRoot).run(again.database, log: .silent)
    #expect(report.missing == 3)
    let sums = try await Self.sums(again)
    #expect(sums == ["source-unreachable": 20, "not-kept": 59, "tape-damaged": 3])
  }
}
