import Base
import Messages
import Storage
import Testing

@testable import airloom_recorder

/// What a plan does that comes for a recording that is known, by its row.
struct PlanUptakeTests {
  private static let zero = Instant(seconds: 1_800_000_000)

  private func plan(token: Int64, end: Int64 = 60, isSpare: Bool? = nil) -> RecordingPlan {
    RecordingPlan(
      job: JobID(unchecked: "job"), token: token, stream: .radio, start: Self.zero,
      end: Self.zero + .seconds(end), paddedStart: Self.zero,
      paddedEnd: Self.zero + .seconds(end), fileName: "Show", format: .source,
      tags: RecordingTags(), date: "2027-01-15", isSpare: isSpare)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let phase: RecordingPhase
    var token: Int64 = 1
    var end: Int64 = 60
    var isSpare: Bool?
    let expected: PlanUptake
  }

  static let cases: [Case] = [
    Case(testDescription: "the same", phase: .planned, expected: .keep),
    Case(testDescription: "a later end", phase: .recording, end: 90, expected: .take),
    Case(testDescription: "asked for the file", phase: .planned, token: 2, expected: .take),
    Case(testDescription: "the same while finishing", phase: .placing, expected: .keep),
    Case(
      testDescription: "another token while finishing", phase: .finishing, token: 2, expected: .take
    ),
    Case(
      testDescription: "a later end while finishing", phase: .finishing, token: 2, end: 90,
      expected: .later),
    Case(
      testDescription: "a later end of what is finished", phase: .finished, token: 2, end: 90,
      expected: .anew),
    Case(
      testDescription: "an old plan of what is finished", phase: .finished, end: 50, expected: .take
    ),
    Case(
      testDescription: "asked again for what is finished", phase: .finished, token: 2,
      expected: .take),
    Case(testDescription: "called off and back", phase: .dropped, expected: .anew),
    Case(testDescription: "failed", phase: .failed, expected: .keep),
    Case(testDescription: "failed and asked again", phase: .failed, token: 2, expected: .anew),
    Case(
      testDescription: "superseded and asked again", phase: .superseded, token: 3, expected: .anew),
  ]

  @Test(arguments: cases)
  func isDecidedByPhaseTokenAndWindow(_ example: Case) {
    let known = PlannedRecording(
      plan: plan(token: 1), phase: example.phase, receivedAt: Self.zero, isDesired: true,
      attempts: 0)
    let plan = plan(token: example.token, end: example.end, isSpare: example.isSpare)
    #expect(PlanUptake.decide(plan, known: known) == example.expected)
  }

  /// The rows through the life of a file that is made again.
  @Test func aFileThatIsMadeAgainLeavesTheEarlierOneUntilItIsSettled() async throws {
    let studio = try Studio()
    let (first, longer) = (plan(token: 1), plan(token: 2, end: 90))
    func give(_ version: Int64, _ plan: RecordingPlan) async throws {
      let set = DesiredSet(version: version, streams: [], recordings: [plan])
      let now = Self.zero + .seconds(version)
      _ = try await studio.database.write { try RecordingCatalog.store(set, at: now, $0) }
    }
    func row() async throws -> PlannedRecording {
      try #require(
        try await studio.database.read { try RecordingCatalog.find(first.job, $0) })
    }
    func finish(_ path: String) async throws {
      let file = FinishedFile(
        path: path, name: "Show.mp3", bytes: 1, sha256: "", contentType: "audio/mpeg",
        durationUs: 1, gaps: [])
      try await studio.database.write { transaction in
        try RecordingCatalog.setFile(file, of: first.job, at: Self.zero, transaction)
        try RecordingCatalog.setPhase(.finished, of: first.job, at: Self.zero, transaction)
      }
    }
    try await give(1, first)
    try await studio.database.write {
      try RecordingCatalog.setPhase(.finishing, of: first.job, at: Self.zero, $0)
    }
    // While the file is being made, the later end waits.
    try await give(2, longer)
    #expect(try await row().plan == first)
    #expect(try await row().phase == .finishing)
    try await finish("/r/Show.mp3")
    try await studio.database.write { transaction in
      #expect(try RecordingCatalog.hasNextPlan(first.job, transaction))
      try RecordingCatalog.takeNextPlans(at: Self.zero + .seconds(100), transaction)
      #expect(try !RecordingCatalog.hasNextPlan(first.job, transaction))
    }
    #expect(try await row().plan == longer)
    #expect(try await row().phase == .planned)
    #expect(try await row().finalPath == nil)
    try await finish("/r/Show 2.mp3")
    try await studio.database.write { transaction in
      #expect(try RecordingCatalog.replacedFiles(transaction).isEmpty, "not settled yet")
      try RecordingCatalog.settleEarlier(of: first.job, isReplaced: true, transaction)
      #expect(try RecordingCatalog.replacedFiles(transaction).map(\.path) == ["/r/Show.mp3"])
      try RecordingCatalog.forgetReplaced(first.job, path: "/r/Show.mp3", transaction)
      #expect(try RecordingCatalog.replacedFiles(transaction).isEmpty)
    }
  }
}
