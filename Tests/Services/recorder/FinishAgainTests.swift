import Base
import Dispatch
import Media
import Messages
import Storage
import Subprocess
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

/// Files that are made again, or put elsewhere.
@Suite(.timeLimit(.minutes(10)))
struct FinishAgainTests {
  static let job = FinisherTests.job

  static func moved(to end: Double, token: Int64 = 2) -> RecordingPlan {
    var plan = FinisherTests.window(2, end)
    plan.token = token
    return plan
  }

  /// As the scheduler sends it; then, as the keeper does, the window is over once more.
  static func replan(_ plan: RecordingPlan, _ studio: Studio) async throws -> RecordingPhase? {
    let set = DesiredSet(version: plan.token, streams: [], recordings: [plan])
    return try await studio.database.write { transaction in
      _ = try RecordingCatalog.store(set, at: FinisherTests.zero, transaction)
      return try RecordingCatalog.find(plan.job, transaction)?.phase
    }
  }

  static func close(_ studio: Studio) async throws {
    try await studio.database.write {
      try RecordingCatalog.setPhase(.finishing, of: job, at: FinisherTests.zero, $0)
    }
  }

  static func last(_ file: FinishedFile) throws -> UInt64? {
    let report = try NumberedReport(fileAt: file.path, of: NumberedFrames())
    #expect(report.isSeamless)
    return report.numbers.last
  }

  @Test func `A finished recording whose end is moved is made again, the older file set aside`()
    async throws
  {
    let studio = try await FinisherTests.studio(plan: FinisherTests.window(2, 9))
    let finisher = studio.finisher()
    await finisher.finish(Self.job)
    #expect(try await Self.replan(Self.moved(to: 17), studio) == .planned)
    try await Self.close(studio)
    await finisher.finish(Self.job)
    let said = try await studio.said(RecordingFinished.self)
    #expect(said.map(\.token) == [1, 2])
    #expect(try Self.last(try #require(said.last).file) == 650)
    // Until the new one counts, both are there.
    let older = try #require(said.first).file
    #expect(try SHA256.hash(fileAt: older.path).hexadecimal == older.sha256)
    try await studio.database.write {
      try RecordingCatalog.settleEarlier(of: Self.job, isReplaced: true, $0)
    }
    await finisher.setAsideReplaced()
    let aside = Set(FolderListing.names(in: studio.recordings + "/.superseded"))
    #expect(aside == ["job-1-Show.mp3", "job-1-Show.mp3.sha256", "job-1-Show.waveform.png"])
    let (hash, _) = try SHA256.hash(fileAt: studio.recordings + "/.superseded/job-1-Show.mp3")
    #expect(hash == older.sha256)
    let names = FolderListing.names(in: studio.recordings).filter { !$0.hasPrefix(".") }
    #expect(Set(names) == ["Show (2).mp3", "Show (2).mp3.sha256", "Show (2).waveform.png"])
  }

  @Test(arguments: [Finisher.Step.counted, .cut, .made, .checked, .accompanied])
  func `What is asked for otherwise while it is made is made as it is asked for now`(
    _ step: Finisher.Step
  ) async throws {
    let studio = try await FinisherTests.studio(plan: FinisherTests.window())
    let changed = Mutex(false)
    let finisher = studio.finisher { reached in
      guard reached == step,
        !changed.withLock({ was in
          defer { was = true }
          return was
        })
      else { return }
      let done = DispatchSemaphore(value: 0)
      Task {
        var plan = FinisherTests.window()
        plan.token = 2
        plan.tags.title = "Another title"
        _ = try? await Self.replan(plan, studio)
        done.signal()
      }
      done.wait()
    }
    await finisher.finish(Self.job)
    let said = try await studio.said(RecordingFinished.self)
    #expect(said.map(\.token) == [2])
    let file = try #require(said.first).file
    #expect(try await FinisherTests.probe(file.path, "format_tags=title") == "Another title")
    let row = try await studio.database.read { try RecordingCatalog.find(Self.job, $0) }
    #expect(row?.phase == .finished && row?.attempts == 1)
  }

  @Test func `A pool takes the file, beside its companions, where its marker stands`() async throws
  {
    var plan = FinisherTests.window()
    plan.finishing = FinishOptions(pool: "archive")
    let studio = try await FinisherTests.studio(plan: plan)
    for name in ["a", "b"] { try Syscall.makeFolders(studio.folder("pool-\(name)")) }
    try studio.folder.file("pool-b/" + DestinationPools.marker, "")
    let pools = DestinationPools(
      ["archive=\(studio.folder("pool-a"))", "archive=\(studio.folder("pool-b"))"],
      policy: .fillFirst)
    let first = studio.finisher(pools: pools) {
      if $0 == .intended { throw Interruption(step: $0) }
    }
    await first.finish(Self.job)
    let second = studio.finisher(pools: pools)
    try await second.prepare()
    await second.finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.path == studio.folder("pool-b/Show.mp3"))
    #expect(try Self.last(file) == 650)
    let names = Set(FolderListing.names(in: studio.folder("pool-b")))
    #expect(
      names == [".airloom-pool", ".work", "Show.mp3", "Show.mp3.sha256", "Show.waveform.png"])
    #expect(FolderListing.names(in: studio.folder("pool-b/.work")).isEmpty)
    #expect(FolderListing.names(in: studio.folder("pool-a")).isEmpty)
  }

  @Test func `A pool without a folder that takes it is waited for, and no try is counted`()
    async throws
  {
    var plan = FinisherTests.window()
    plan.finishing = FinishOptions(pool: "archive")
    let studio = try await FinisherTests.studio(plan: plan)
    let pools = DestinationPools(["archive=\(studio.folder("pool"))"])
    let finisher = studio.finisher(pools: pools)
    await #expect(throws: FinishFailure.self) { try await finisher.attempt(Self.job) }
    let row = try await studio.database.read { try RecordingCatalog.find(Self.job, $0) }
    #expect(row?.attempts == 0 && row?.phase == .finishing)
    try studio.folder.file("pool/" + DestinationPools.marker, "")
    try await finisher.attempt(Self.job)
    #expect(try await studio.said(RecordingFinished.self).count == 1)
  }
}
