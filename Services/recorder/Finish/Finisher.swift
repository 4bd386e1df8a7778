import Base
import Bus
import CShims
import Glibc
import Media
import Messages
import Metrics
import Storage
import Subprocess

/// Makes a recording's file from its tape and publishes it, so that whatever instant the process is
/// killed at, afterwards there is no row without its whole file and no file without its row.
///
/// | step | on disk after it | after a kill here |
/// | --- | --- | --- |
/// | cut, FFmpeg, check, sync | files under `.work` | made again; leftovers removed at the start |
/// | row `placing` (path, hash) | the same | the name is given, or the file made again |
/// | rename, sync of the folder | the file, final name | the hash proves that it is ours |
/// | row `finished` and its event | the same | nothing to do: the event is in the log |
///
/// It never overwrites a file, and never gives up for want of space: the sound is safe on the tape.
actor Finisher {
  enum Step: Sendable, CaseIterable {
    case counted, cut, made, checked, intended, renamed, folderSynced, published
  }

  struct Environment: Sendable {
    /// The tape folder.
    let tapeRoot: String
    /// The recordings folder.
    let folder: String
    let scheduler: NodeID
    let database: Database
    let outbox: Outbox
    let time: any TimeSource
    let logs: RecordingLogs
    let metrics: RecorderMetrics
    let log: Logger
    var gate = FinishGate()
  }

  /// Failures after which FFmpeg is left out, and after which the recording is given up.
  static let attemptsWithFFmpeg = 3
  static let attemptsInAll = 6

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "finisher")
  let environment: Environment
  /// Called after each step; tests throw from it, as a kill would.
  let reached: @Sendable (Step) throws -> Void
  var work: String { environment.folder + "/.work" }

  init(
    _ environment: Environment, reached: @escaping @Sendable (Step) throws -> Void = { _ in }
  ) {
    self.environment = environment
    self.reached = reached
  }

  /// Removes what killed attempts left; before the first `finish`.
  func prepare() async throws {
    try Syscall.makeFolders(work)
    let placing = try await environment.database.read { transaction in
      try RecordingCatalog.unfinished(transaction).filter { $0.phase == .placing }.map(\.plan.job)
    }
    for name in FolderListing.names(in: work)
    where !placing.contains(where: { name.hasPrefix("\($0).made.") }) {
      unlink(work + "/" + name)
    }
    await setAsideSuperseded()
  }

  /// Moves files that are not the canonical ones out of the way, into `.superseded`: nothing that
  /// was recorded is deleted on a message alone. The row names the file until it is moved, so a kill
  /// in between is made good at the next start.
  func setAsideSuperseded() async {
    let folder = environment.folder + "/.superseded"
    do {
      let recordings = try await environment.database.read { try RecordingCatalog.superseded($0) }
      for recording in recordings {
        guard let path = recording.finalPath, let file = recording.file else { continue }
        try Syscall.makeFolders(folder)
        let target = "\(folder)/\(recording.plan.job)-\(recording.plan.token)-\(file.name)"
        if FolderListing.exists(path) {
          try Syscall.check("rename", path) { rename(path, target) }
          try Syscall.syncFolder(folder)
          try Syscall.syncFolder(environment.folder)
        }
        try await environment.database.write {
          try RecordingCatalog.forgetPath(of: recording.plan.job, $0)
        }
        environment.logs.note(recording.plan.job, "not the canonical file; moved to \(target)")
      }
    } catch {
      environment.log.error("a superseded file was not set aside", ("reason", "\(error)"))
    }
  }

  /// What keeps a file from being made now, in one sentence.
  private(set) var fault: String?

  /// Brings a recording from `finishing` to its end, trying again while a later try may succeed.
  func finish(_ job: JobID) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await attemptIfAllowed(job)
        fault = nil
        return
      } catch let error as Interruption {
        environment.log.debug("finishing stopped", ("job", job), ("at", "\(error)"))
        return
      } catch {
        failures += 1
        fault = "The file of recording \(job) could not be made yet: \(error)"
        environment.logs.note(job, "finishing failed: \(error)")
        environment.log.warning("finishing failed", ("job", job), ("error", "\(error)"))
        let delay = BackoffPolicy(base: .seconds(2), cap: .seconds(60)).delay(
          afterFailures: failures)
        try? await Task.sleep(for: delay)
      }
    }
  }

  /// One try; returns when the recording is over, throws when a later try may succeed.
  func attempt(_ job: JobID) async throws {
    guard let recording = try await find(job) else { return }
    if recording.phase == .placing {
      if try await place(recording) { return }
      try await setPhase(.finishing, job)
    }
    guard let recording = try await find(job), recording.phase == .finishing else { return }
    try await requireSpace(for: recording.plan)
    try await environment.database.write { try RecordingCatalog.beginAttempt(of: job, $0) }
    try reached(.counted)
    guard recording.attempts < Finisher.attemptsInAll else {
      return try await fail(
        recording,
        "The file could not be made in \(Finisher.attemptsInAll) tries; the sound is still on the "
          + "tape, and the log of this recording says what went wrong.")
    }
    guard let made = try await make(recording) else { return }
    try await intend(made, recording)
    guard let intended = try await find(job) else { return }
    guard try await place(intended) else {
      try await setPhase(.finishing, job)
      throw FinishFailure("the file lost its name to another one; it is made again")
    }
  }

  func find(_ job: JobID) async throws -> PlannedRecording? {
    try await environment.database.read { try RecordingCatalog.find(job, $0) }
  }

  func setPhase(_ phase: RecordingPhase, _ job: JobID) async throws {
    let now = environment.time.now()
    try await environment.database.write {
      try RecordingCatalog.setPhase(phase, of: job, at: now, $0)
    }
  }

  func sync(_ path: String) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    try Syscall.check("fsync", path) { fsync(descriptor) }
  }

  func prefix(_ plan: RecordingPlan) -> String { work + "/\(plan.job)" }

  func temporary(_ plan: RecordingPlan, fileExtension: String) -> String {
    prefix(plan) + ".made." + fileExtension
  }

  func temporary(_ plan: RecordingPlan, named name: String) -> String {
    let dot = name.lastIndex(of: ".").map { name.index(after: $0) } ?? name.endIndex
    return prefix(plan) + ".made." + name[dot...]
  }
}

/// Why a file could not be made this time.
struct FinishFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Thrown by tests at a step, in place of SIGKILL.
struct Interruption: Error {
  let step: Finisher.Step
}
