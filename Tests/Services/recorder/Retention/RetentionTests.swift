import Base
import Glibc
import Media
import Messages
import Metrics
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

struct RetentionTests {
  static let now = Instant(seconds: 1_800_000_000)
  static let hour = Duration.seconds(3600)

  /// A tape of so many segments of a minute and 1,000 bytes that ends now.
  static func tape(
    _ studio: Studio, _ stream: StreamID = .radio, minutes: Int, first: Int64 = 0
  ) async throws {
    for index in 0..<minutes {
      let start = now - .seconds(60 * (minutes - index))
      let sequence = first + Int64(index)
      let path = TapePath.path(stream, start: start, sequence: sequence, codec: .mp3)
      try studio.folder.file("tape/" + path, [UInt8](repeating: 1, count: 1000))
      let segment = Segment(
        stream: stream, sequence: sequence, start: start, samples: 44_100 * 60, frames: 2297,
        bytes: 1000, format: FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2), path: path,
        splice: .continuous)
      try await studio.database.write { try SegmentCatalog.insert(segment, $0) }
    }
  }

  static func studio() throws -> Studio { try Studio(time: ManualTimeSource(now: now)) }

  static func store(
    _ studio: Studio, _ streams: [StreamDefinition] = [], _ plans: [RecordingPlan] = [],
    locks: [TapeLock]? = nil, version: Int64 = 1
  ) async throws {
    let set = DesiredSet(version: version, streams: streams, recordings: plans, locks: locks)
    try await studio.database.write {
      _ = try RecordingCatalog.store(set, at: now - hour * 100, $0)
    }
  }

  static func left(_ studio: Studio, _ stream: StreamID = .radio) async throws -> [Int64] {
    try await studio.segments(stream).map(\.sequence)
  }

  /// Rows and files say the same.
  static func agree(_ studio: Studio) async throws {
    var files: Set<String> = []
    var folders = [""]
    while let folder = folders.popLast() {
      for name in FolderListing.names(in: studio.tapeRoot + "/" + folder) {
        let path = folder.isEmpty ? name : folder + "/" + name
        if name.hasSuffix(".mp3") { files.insert(path) } else { folders.append(path) }
      }
    }
    let rows = try await studio.database.read { transaction in
      try transaction.all("SELECT path FROM segments") {
        (row: borrowing Row) throws(StorageError) in try row.text(0)
      }
    }
    #expect(files == Set(rows))
    #expect(try await studio.database.read { try RetentionCatalog.removals($0) }.isEmpty)
  }

  @Test func `Tape beyond its age goes, and the ledger says so in one row`() async throws {
    let studio = try Self.studio()
    try await Self.tape(studio, minutes: 300)
    let keeper = studio.retention(RetentionPolicy(defaults: .init(age: Self.hour * 2)))
    let bytes = try await keeper.round()
    #expect(bytes == 180_000)
    #expect(try await Self.left(studio) == Array(180..<300))
    let gaps = try await studio.gaps(.radio)
    #expect(gaps.map(\.cause) == [.notKept])
    #expect(gaps.first?.start == Self.now - .seconds(18_000))
    #expect(gaps.first.map { ($0.end - $0.start) - Self.hour * 3 } == .zero)
    try await Self.agree(studio)
    // An hour's folder that holds nothing is gone.
    #expect(FolderListing.names(in: studio.tapeRoot + "/radio/2027/01/15").count <= 3)
  }

  @Test func `Tape beyond its size goes, the oldest first, and never the newest ten minutes`()
    async throws
  {
    let studio = try Self.studio()
    try await Self.tape(studio, minutes: 60)
    try await studio.retention(RetentionPolicy(defaults: .init(bytes: 40_000))).round()
    #expect(try await Self.left(studio) == Array(20..<60))
    try await studio.retention(RetentionPolicy(defaults: .init(bytes: 0))).round()
    #expect(try await Self.left(studio) == Array(50..<60))
    try await Self.agree(studio)
  }

  @Test func `What a stream says of its tape comes before the settings`() async throws {
    let studio = try Self.studio()
    let other = StreamID(unchecked: "other")
    try await Self.tape(studio, minutes: 120)
    try await Self.tape(studio, other, minutes: 120)
    try await Self.store(
      studio,
      [
        StreamDefinition(
          id: .radio, name: "Radio", urls: ["http://x/"],
          retention: TapeRetention(maximumAgeSeconds: 3600)),
        StreamDefinition(
          id: other, name: "Other", urls: ["http://x/"], retention: TapeRetention()),
      ])
    try await studio.retention(RetentionPolicy(defaults: .init(age: Self.hour / 2))).round()
    #expect(try await Self.left(studio).count == 60)
    #expect(try await Self.left(studio, other).count == 120)
  }

  @Test func `All tapes together keep within their bound, the oldest of all going first`()
    async throws
  {
    let studio = try Self.studio()
    let other = StreamID(unchecked: "other")
    try await Self.tape(studio, minutes: 120)
    try await Self.tape(studio, other, minutes: 60)
    var policy = RetentionPolicy()
    policy.totalBytes = 100_000
    try await studio.retention(policy).round()
    let radio = try await Self.left(studio)
    let others = try await Self.left(studio, other)
    #expect(radio.count + others.count == 100)
    // Sixty of the older tape first, then by turns.
    #expect(abs(radio.count - others.count) <= 1)
    try await Self.agree(studio)
  }

  @Test func `Locks, open windows and recent failures stay, whatever the bounds`() async throws {
    let studio = try Self.studio()
    try await Self.tape(studio, minutes: 600)
    let start = Self.now - .seconds(36_000)
    func minute(_ number: Int) -> Instant { start + .seconds(60 * number) }
    try await Self.store(
      studio, [],
      [
        plan("open", from: minute(100), to: minute(110)),
        plan("failed", from: minute(200), to: minute(210)),
        plan("done", from: minute(300), to: minute(310)),
      ], locks: [TapeLock(stream: .radio, start: minute(50), end: minute(60), reason: "Ann")])
    try await studio.database.write { transaction in
      for (job, phase) in [("failed", RecordingPhase.failed), ("done", .finished)] {
        try RecordingCatalog.setPhase(
          phase, of: JobID(unchecked: job), at: Self.now - Self.hour, transaction)
      }
    }
    // Nobody asks for the two any more, and the first is still open.
    try await Self.store(
      studio, [], [plan("open", from: minute(100), to: minute(110))],
      locks: [TapeLock(stream: .radio, start: minute(50), end: minute(60), reason: "Ann")],
      version: 2)
    try await studio.retention(RetentionPolicy(defaults: .init(bytes: 0))).round()
    let left = try await Self.left(studio)
    #expect(left == Array(50..<60) + Array(100..<110) + Array(200..<210) + Array(590..<600))
    try await Self.agree(studio)
    // The lock is taken back.
    try await Self.store(
      studio, [], [plan("open", from: minute(100), to: minute(110))], version: 3)
    try await studio.retention(RetentionPolicy(defaults: .init(bytes: 0))).round()
    #expect(try await !Self.left(studio).contains(55))
  }

  @Test func `In want of space only what is delivered goes early`() async throws {
    let studio = try Self.studio()
    try await Self.tape(studio, minutes: 300)
    let start = Self.now - .seconds(18_000)
    func minute(_ number: Int) -> Instant { start + .seconds(60 * number) }
    let plans = [
      plan("delivered", from: minute(10), to: minute(40)),
      plan("locked", from: minute(60), to: minute(80)),
    ]
    try await Self.store(studio, [], plans)
    try await studio.database.write { transaction in
      for plan in plans {
        try RecordingCatalog.setPhase(
          .finished, of: plan.job, at: Self.now - Self.hour, transaction)
      }
    }
    // The scheduler has both results; one of them is not delivered yet.
    try await Self.store(
      studio, [], [],
      locks: [
        TapeLock(stream: .radio, start: minute(60), end: minute(80), reason: "not delivered")
      ], version: 2)
    let keeper = studio.retention()
    #expect(try await keeper.round() == 0)
    #expect(try await keeper.round(wanted: 5000) == 5000)
    #expect(try await Self.left(studio) == Array(0..<10) + Array(15..<300))
    #expect(try await keeper.round(wanted: 1_000_000) == 25_000)
    #expect(try await Self.left(studio) == Array(0..<10) + Array(40..<300))
    try await Self.agree(studio)
  }

  @Test func `The newest segment of a tape stays, so that its numbers go on`() async throws {
    let later = try Studio(time: ManualTimeSource(now: Self.now + Self.hour))
    try await Self.tape(later, minutes: 30)
    try await later.retention(RetentionPolicy(defaults: .init(age: .seconds(60)))).round()
    #expect(try await Self.left(later) == [29])
  }

  @Test func `A kill between the rows and the files leaves nothing that stays`() async throws {
    let studio = try Self.studio()
    try await Self.tape(studio, minutes: 120)
    let pieces = try await studio.database.read {
      try RetentionCatalog.segments(
        .radio, from: .epoch, to: Self.now - Self.hour, limit: 200, $0)
    }
    // What the transaction leaves, with all files still there and then half of them.
    try await studio.database.write { try RetentionCatalog.remove(pieces, why: "old", $0) }
    unlink(studio.tapeRoot + "/" + pieces[0].path)
    let again = try await Studio(copyOf: studio)
    try await again.retention().finishRemovals()
    let report = try await TapeReconciler(root: again.tapeRoot).run(
      again.database, log: .silent)
    #expect(report == TapeReconciler.Report())
    #expect(try await Self.left(again) == Array(60..<120))
    try await Self.agree(again)
    #expect(try await again.gaps(.radio).map(\.cause) == [.notKept])
  }
}
