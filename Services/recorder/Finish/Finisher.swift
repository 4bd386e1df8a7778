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
/// | cut, FFmpeg, check, companions, sync | files under `.work` | made again; leftovers removed at the start |
/// | row `placing` (path, hash) | the same | the names are given, or the file made again |
/// | rename, companions, sync of the folder | the files, final names | the hash proves that it is ours |
/// | row `finished` and its event | the same | nothing to do: the event is in the log |
///
/// It never overwrites a file, and never gives up for want of space: the sound is safe on the tape.
/// A few files are made at a time. Where the plan asks for something
/// else before the names are chosen, what was made is thrown away and made as it is asked for now.
actor Finisher {
  enum Step: Sendable, CaseIterable {
    case counted, cut, made, checked, accompanied, intended, renamed, companionsNamed,
      folderSynced, published
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
    var pools = DestinationPools()
    /// The artwork folder.
    var artwork = ""
    var options = Options()
  }

  /// How files are made, from the settings.
  struct Options: Sendable {
    /// Files made at the same time.
    var atOnce = 2
    var measuresLoudness = true
    /// Each file is decoded from its beginning to its end before it counts.
    var decodesAll = true
  }

  /// Failures after which FFmpeg is left out, and after which the recording is given up.
  static let attemptsWithFFmpeg = 3
  static let attemptsInAll = 6

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "finisher")
  let environment: Environment
  /// Called after each step; tests throw from it, as a kill would.
  let reached: @Sendable (Step) throws -> Void
  private var queue: FinishQueue
  private var entrances: [JobID: CheckedContinuation<Void, Never>] = [:]
  private var faults: [JobID: String] = [:]
  /// How many files each pool has been given.
  var turns: [String: Int] = [:]

  init(
    _ environment: Environment, reached: @escaping @Sendable (Step) throws -> Void = { _ in }
  ) {
    self.environment = environment
    self.reached = reached
    queue = FinishQueue(limit: environment.options.atOnce)
  }

  /// Removes what killed attempts left; before the first `finish`.
  func prepare() async throws {
    try Syscall.makeFolders(WorkFiles.work(in: environment.folder))
    let folders = [environment.folder] + environment.pools.allFolders
    let files = folders.map(WorkFiles.work).flatMap { work in
      FolderListing.names(in: work).map { (work: work, name: $0) }
    }
    let leftovers = try await environment.database.read { transaction in
      try files.filter { try Finisher.isLeftover($0.name, transaction) }
    }
    for file in leftovers { unlink(file.work + "/" + file.name) }
    await setAsideSuperseded()
  }

  /// Whether an attempt of this recorder left that file in `.work`. Another one that shares the folder may
  /// be making its own there.
  private static func isLeftover(_ name: String, _ transaction: Transaction) throws -> Bool {
    let job = JobID(unchecked: String(name.prefix { $0 != "." }))
    guard let recording = try RecordingCatalog.find(job, transaction) else { return false }
    switch recording.phase {
    case .planned, .recording: return false
    case .placing: return !WorkFiles.isMade(name, of: job)
    default: return recording.plan.isSpare != true
    }
  }

  /// What keeps a file from being made now, in one sentence.
  var fault: String? { faults.min { $0.key < $1.key }?.value }

  /// Brings a recording from `finishing` to its end, trying again while a later try may succeed.
  func finish(_ job: JobID) async {
    var failures = 0
    while !Task.isCancelled {
      await enter(job)
      do {
        defer { admit(queue.leave(job)) }
        try await attemptIfAllowed(job)
        faults[job] = nil
        return
      } catch let error as Interruption {
        environment.log.debug("finishing stopped", ("job", job), ("at", "\(error)"))
        return
      } catch is Replanned {
        environment.logs.note(
          job, "what is asked for has changed; it is made as it is asked for now")
        try? await environment.database.write { try RecordingCatalog.takeBackAttempt(of: job, $0) }
      } catch {
        failures += 1
        faults[job] = "The file of recording \(job) could not be made yet: \(error)"
        environment.logs.note(job, "finishing failed: \(error)")
        environment.log.warning("finishing failed", ("job", job), ("error", "\(error)"))
        let delay = BackoffPolicy(base: .seconds(2), cap: .seconds(60)).delay(
          afterFailures: failures)
        try? await Task.sleep(for: delay)
      }
    }
  }

  private func enter(_ job: JobID) async {
    guard !queue.enter(job) else { return }
    await withCheckedContinuation { entrances[job] = $0 }
  }

  private func admit(_ jobs: [JobID]) {
    for job in jobs { entrances.removeValue(forKey: job)?.resume() }
  }

  /// One try; returns when the recording is over, throws when a later try may succeed.
  func attempt(_ job: JobID) async throws {
    guard let recording = try await find(job) else { return }
    if recording.phase == .placing {
      if try await place(recording) { return }
      try await makeAgain(job)
    }
    guard let recording = try await find(job), recording.phase == .finishing else { return }
    let files = WorkFiles(folder: try await folder(for: recording.plan), job: job)
    try await environment.database.write { try RecordingCatalog.beginAttempt(of: job, $0) }
    try reached(.counted)
    guard recording.attempts < Finisher.attemptsInAll else {
      return try await fail(
        recording,
        "The file could not be made in \(Finisher.attemptsInAll) tries; the sound is still on the "
          + "tape, and the log of this recording says what went wrong.")
    }
    guard let made = try await make(recording, files) else { return }
    try await intend(made, recording)
    guard let intended = try await find(job), intended.phase == .placing else {
      throw Replanned()
    }
    guard try await place(intended) else {
      try await makeAgain(job)
      throw FinishFailure("the file lost its name to another one; it is made again")
    }
  }

  func find(_ job: JobID) async throws -> PlannedRecording? {
    try await environment.database.read { try RecordingCatalog.find(job, $0) }
  }

  /// What was to be placed is not there; unless the plan has changed meanwhile.
  private func makeAgain(_ job: JobID) async throws {
    let now = environment.time.now()
    try await environment.database.write { transaction in
      guard try RecordingCatalog.find(job, transaction)?.phase == .placing else { return }
      try RecordingCatalog.setPhase(.finishing, of: job, at: now, transaction)
    }
  }

  func sync(_ path: String) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    try Syscall.check("fsync", path) { fsync(descriptor) }
  }
}

/// Why a file could not be made this time.
struct FinishFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The plan changed while its file was being made.
struct Replanned: Error, CustomStringConvertible {
  var description: String { "the plan of the recording has changed; it is made by the new one" }
}

/// Thrown by tests at a step, in place of SIGKILL.
struct Interruption: Error {
  let step: Finisher.Step
}
