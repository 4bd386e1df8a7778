import Base
import Media
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// Random histories of one stream, told to the ledger as a capture tells them, with real rows; the
/// truth is counted beside.
struct LedgerHistoryTests {
  /// Microseconds as samples, so that spans are exact.
  static let format = FrameFormat(codec: .mp3, sampleRate: 1_000_000, channels: 2)

  /// A source, a recorder and a plan, second by second; and what the rows should say.
  final class World {
    enum Source { case up, silent, refusing }

    let studio: Studio
    var generator: SplitMix64
    var now = Instant(seconds: 1_800_000_000)
    var plans: [TimeSpan] = []

    var source = Source.up
    var isAlive = true
    var isPaused = false
    var book = LedgerBook()
    var tapeEnd: Instant?
    /// Since when frames go into the open segment.
    var segmentStart: Instant?
    var isWithheld = false
    var sequence: Int64 = 0
    var aliveAt: Instant

    var wanted: [TimeSpan] = []
    var captured: [TimeSpan] = []
    /// Causes that may stand for a second without sound.
    var causes: [Int64: Set<Gap.Cause>] = [:]

    init(_ studio: Studio, seed: UInt64) {
      self.studio = studio
      generator = SplitMix64(seed: seed)
      aliveAt = now
    }

    var isPlanned: Bool { plans.contains { $0.start <= now && now < $0.end } }

    func storePlans() async throws {
      let recordings = plans.enumerated().map { index, span in
        plan("job-\(index)", from: span.start, to: span.end)
      }
      let set = RecorderProcessTests.set("http://127.0.0.1/", 1, recordings)
      let at = now
      _ = try await studio.database.write { try RecordingCatalog.store(set, at: at, $0) }
      try await noteAlive()
    }

    private func noteAlive() async throws {
      let at = now
      aliveAt = at
      try await studio.database.write { try RecordingCatalog.noteAlive(at, $0) }
    }

    private func tell(_ changes: [TapeLedger.Change]) async throws {
      try await TapeLedger.write(changes, of: .radio, to: studio.database)
    }

    /// What the capture and the plan do at this second's beginning, then the second passes.
    func second() async throws {
      if isAlive { try await act() }
      let span = TimeSpan(start: now, end: now + .seconds(1))
      if isPlanned { wanted.append(span) }
      let hasSound = isAlive && book.isWanted && segmentStart != nil
      if hasSound {
        captured.append(span)
        tapeEnd = span.end
      }
      causes[now.seconds] = why
      now = span.end
      if isAlive, Int.random(in: 0..<5, using: &generator) == 0 { try await noteAlive() }
      if isAlive, Int.random(in: 0..<4, using: &generator) == 0 { try await closeSegment() }
    }

    private var why: Set<Gap.Cause> {
      if !isAlive { return [.recorderDown, .sourceRefused, .sourceStalled] }
      if isPaused, !book.isWanted { return [.paused] }
      switch source {
      case .up: return [.sourceUnreachable, .recorderDown, .paused, .sourceRefused, .sourceStalled]
      // The recorder may die before it has noticed.
      case .silent:
        return [.sourceStalled, .sourceUnreachable, .recorderDown, .paused, .sourceRefused]
      case .refusing: return [.sourceRefused, .recorderDown, .paused, .sourceStalled]
      }
    }

    private func act() async throws {
      try await tell(
        book.tick(wall: now, monotonic: Monotonic(nanoseconds: now.seconds * 1_000_000_000)))
      if book.isWanted, !isPlanned {
        try await closeSegment()
        segmentStart = nil
        try await tell(book.unwanted(at: now, tapeEnd: tapeEnd))
      } else if !book.isWanted, isPlanned, !isPaused {
        isWithheld = false
        try await tell(book.wanted(since: now))
        book.connecting(tapeEnd: tapeEnd)
      }
      let isToWithhold = isPaused && isPlanned && !book.isWanted
      if isToWithhold != isWithheld, !book.isWanted {
        let at = now
        try await studio.database.write { transaction in
          if isToWithhold {
            try TapeLedger.withhold(.radio, at: at, transaction)
          } else {
            try TapeLedger.close(.radio, at: at, transaction)
          }
        }
        isWithheld = isToWithhold
      }
      guard book.isWanted else { return }
      switch (source, segmentStart) {
      case (.up, nil):
        // What was silent and never noticed is connected anew.
        book.connecting(tapeEnd: tapeEnd)
        try await tell(book.contact(at: now))
        segmentStart = now
      case (.refusing, .some):
        try await closeSegment()
        segmentStart = nil
        try await tell(book.outage(SourceFailure(.sourceRefused, "No."), at: now, tapeEnd: tapeEnd))
      case (.refusing, nil) where book.outage?.cause != .sourceRefused:
        try await tell(book.outage(SourceFailure(.sourceRefused, "No."), at: now, tapeEnd: tapeEnd))
      case (.silent, .some):
        try await closeSegment()
        segmentStart = nil
      case (.silent, nil) where book.outage == nil && Bool.random(using: &generator):
        // Noticed a little later; the gap begins where the sound ended.
        try await tell(
          book.outage(SourceFailure(.sourceStalled, "Silence."), at: now, tapeEnd: tapeEnd))
      default: break
      }
    }

    /// Also what the reconciliation does with an open segment.
    private func closeSegment() async throws {
      guard let start = segmentStart, let end = tapeEnd, end > start else { return }
      let samples = (end - start).microseconds
      try await tell([
        .segment(
          Segment(
            stream: .radio, sequence: sequence, start: start, samples: samples, frames: samples,
            bytes: samples, format: LedgerHistoryTests.format, path: "radio/\(sequence)",
            splice: .continuous))
      ])
      sequence += 1
      segmentStart = end
    }

    func kill() {
      isAlive = false
      // It is not known to have lived on after it last said so.
      for second in aliveAt.seconds..<now.seconds { causes[second]?.insert(.recorderDown) }
    }

    func restart() async throws {
      try await closeSegment()
      segmentStart = nil
      book = LedgerBook()
      isWithheld = false
      isAlive = true
      let at = now
      try await studio.database.write { transaction in
        try TapeLedger.resume(at: at, lead: .zero, transaction)
      }
      // The plan is looked at.
      let isWanted = isPlanned && !isPaused
      let isHeld = isPlanned && isPaused
      try await studio.database.write { transaction in
        try TapeLedger.closeAll(but: isWanted || isHeld ? [.radio] : [], at: at, transaction)
      }
    }
  }

  @Test(arguments: 1...UInt64(Campaign.pick(short: 12, long: 150)))
  func `Captured and gaps add up to what was wanted, whatever happens`(_ seed: UInt64) async throws
  {
    let world = World(try Studio(), seed: seed)
    func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &world.generator) == 0 }
    let begin = world.now
    var start = begin
    for _ in 0..<4 {
      start = start + .seconds(Int64.random(in: 0...25, using: &world.generator))
      let end = start + .seconds(Int64.random(in: 5...40, using: &world.generator))
      world.plans.append(TimeSpan(start: start, end: end))
      if Bool.random(using: &world.generator) { start = end }
    }
    try await world.storePlans()
    try await world.restart()
    let last = world.plans.map(\.end).max() ?? begin
    while world.now < last + .seconds(5) {
      if chance(7) {
        world.source = [.up, .up, .silent, .refusing].randomElement(using: &world.generator) ?? .up
      }
      if chance(20) { world.isPaused.toggle() }
      if world.isAlive ? chance(15) : chance(4) {
        if world.isAlive { world.kill() } else { try await world.restart() }
      }
      try await world.second()
    }
    if !world.isAlive { try await world.restart() }
    try await world.second()
    let account = try await TapeLedger.account(
      of: .radio, from: begin, to: world.now, in: world.studio.database)
    #expect(account.wanted == world.wanted.united().total)
    let sound = world.captured.united()
    let holes = world.wanted.united().subtracting(sound)
    #expect(account.captured == account.wanted - holes.total)
    #expect(
      account.spans.compactMap(\.gap).map { TimeSpan(start: $0.start, end: $0.end) }.united()
        == holes)
    #expect(account.spans.reduce(.zero) { $0 + $1.duration } == account.wanted)
    #expect(account.unexplained.isEmpty, "\(account.unexplained)")
    for gap in account.spans.compactMap(\.gap) {
      let seconds = gap.start.seconds..<gap.end.seconds
      #expect(seconds.allSatisfy { world.causes[$0]?.contains(gap.cause) ?? false }, "\(gap)")
    }
  }
}
