import Base
import Bus
import CShims
import Glibc
import Media
import Messages
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
    let log: Logger
  }

  /// Failures after which FFmpeg is left out, and after which the recording is given up.
  static let attemptsWithFFmpeg = 3
  static let attemptsInAll = 6

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "finisher")
  private let environment: Environment
  /// Called after each step; tests throw from it, as a kill would.
  private let reached: @Sendable (Step) throws -> Void
  private var work: String { environment.folder + "/.work" }

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
  }

  /// Brings a recording from `finishing` to its end, trying again while a later try may succeed.
  func finish(_ job: JobID) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await attempt(job)
        return
      } catch let error as Interruption {
        environment.log.debug("finishing stopped", ("job", job), ("at", "\(error)"))
        return
      } catch {
        failures += 1
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

  /// A full disk is waited for and not counted as a failed try: the cut and the file are about as
  /// large as the segments.
  private func requireSpace(for plan: RecordingPlan) async throws {
    let bytes = try await environment.database.read { transaction in
      try SegmentCatalog.overlapping(
        plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction
      ).reduce(Int64(0)) { $0 + $1.bytes }
    }
    let needed = bytes * 2 + (1 << 20)
    guard let free = FolderListing.freeBytes(at: environment.folder), free < needed else { return }
    throw FinishFailure(
      "there is no room for the file in \(environment.folder): free \((needed - free) >> 20) MiB "
        + "more, it is made as soon as there is room")
  }

  // MARK: - Making

  /// A checked file under a temporary name; nil where there was nothing to make it of (then the
  /// recording has failed).
  private func make(_ recording: PlannedRecording) async throws -> FinishedFile? {
    let plan = recording.plan
    try Syscall.makeFolders(work)
    let (segments, causes) = try await environment.database.read { transaction in
      (
        try SegmentCatalog.overlapping(
          plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction),
        try GapCatalog.overlapping(
          plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction)
      )
    }
    let cut = try Cutter(root: environment.tapeRoot).cut(
      segments, from: plan.paddedStart, to: plan.paddedEnd, prefix: prefix(plan))
    defer { for part in cut.parts { unlink(part.path) } }
    try reached(.cut)
    let account = WindowAccount(
      start: plan.paddedStart, end: plan.paddedEnd, spans: cut.spans,
      causes: causes + cut.damaged, frame: cut.longestFrame, receivedAt: recording.receivedAt)
    guard !cut.parts.isEmpty else {
      try await fail(recording, Finisher.reason(account.gaps))
      return nil
    }
    let isPlain = recording.attempts >= Finisher.attemptsWithFFmpeg
    let command = FinishCommand(cut.parts, plan: plan, isPlain: isPlain)
    let path = temporary(plan, command.container)
    let duration = try await build(command, cut.parts, path)
    try reached(.checked)
    try sync(path)
    let (hash, size) = try SHA256.hash(fileAt: path)
    environment.logs.note(
      plan.job,
      "made \(command.container.fileExtension) of \(size) bytes, "
        + "\(duration.inSeconds) s, lost \(account.lost.inSeconds) s")
    return FinishedFile(
      path: path,
      name: RecordingName.candidate(
        plan.fileName, fileExtension: command.container.fileExtension, number: 1),
      bytes: size, sha256: hash, contentType: command.container.contentType,
      durationUs: duration.microseconds, gaps: account.gaps)
  }

  /// Makes the file and proves that it holds what was cut; returns its decoded length.
  private func build(
    _ command: FinishCommand, _ parts: [Cutter.Part], _ path: String
  ) async throws -> Duration {
    unlink(path)
    let expected = parts.reduce(Duration.zero) {
      $0 + $1.format.duration(ofSamples: $1.digest.samples)
    }
    switch command.method {
    case .raw:
      try join(parts, path)
    case .copy, .encode:
      try await run(command.child(output: path), limit: command.timeLimit)
    }
    try reached(.made)
    switch (command.method, command.container) {
    case (.encode, _):
      let duration = try await decodedDuration(path)
      let difference = duration - expected
      // Encoders add their priming, and decoders may not take all of it away.
      guard difference < .milliseconds(200), difference > .milliseconds(-200) else {
        throw FinishFailure("the encoded file lasts \(duration), not \(expected)")
      }
      return duration
    case (_, .m4a):
      let unpacked = path + ".check.aac"
      defer { unlink(unpacked) }
      try await run(FinishCommand.unpack(path, to: unpacked), limit: command.timeLimit)
      try check(unpacked, parts)
    default: try check(path, parts)
    }
    return expected
  }

  private func check(_ path: String, _ parts: [Cutter.Part]) throws {
    guard parts.count == 1, let part = parts.first else { return }
    let digest = try FrameDigest.ofFile(path)
    guard digest == part.digest else {
      throw FinishFailure(
        "the file holds \(digest.frames) frames that are not the \(part.digest.frames) of the tape")
    }
  }

  private func join(_ parts: [Cutter.Part], _ path: String) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    }
    defer { close(descriptor) }
    for part in parts {
      let bytes = try DurableFile.read(part.path)
      try bytes.withUnsafeBytes { buffer in
        Result { () throws(SystemError) in
          try Syscall.writeAll(buffer, to: descriptor, path)
        }
      }.get()
    }
  }

  private func run(_ command: ChildCommand, limit: Duration) async throws {
    let run = try await ChildProcess.run(command, timeout: limit)
    guard run.exit.isSuccess else {
      throw FinishFailure(
        "\(command.program) \(run.isTimedOut ? "took too long" : run.exit.description): "
          + run.errorText.suffix(500))
    }
  }

  private func decodedDuration(_ path: String) async throws -> Duration {
    let run = try await ChildProcess.run(FinishCommand.probe(path), timeout: .seconds(60))
    guard run.exit.isSuccess, let seconds = Double(run.text.filter { !$0.isWhitespace }) else {
      throw FinishFailure("ffprobe could not read the file: \(run.errorText.suffix(300))")
    }
    return .microseconds(Int64(seconds * 1e6))
  }

  // MARK: - Placing

  /// Stores which name the checked file is about to get: a free one.
  private func intend(_ made: FinishedFile, _ recording: PlannedRecording) async throws {
    let job = recording.plan.job
    let folder = environment.folder
    let dot = made.path.lastIndex(of: ".").map { made.path.index(after: $0) }
    let fileExtension = String(made.path[(dot ?? made.path.endIndex)...])
    let now = environment.time.now()
    try await environment.database.write { transaction in
      var number = 1
      while true {
        let name = RecordingName.candidate(
          recording.plan.fileName, fileExtension: fileExtension, number: number)
        let path = folder + "/" + name
        if try !FolderListing.exists(path)
          && !RecordingCatalog.isTaken(path, by: job, transaction)
        {
          var file = made
          file.path = path
          file.name = name
          return try RecordingCatalog.setFile(file, of: job, at: now, transaction)
        }
        number += 1
      }
    }
    try reached(.intended)
  }

  /// Gives the file its name and publishes it; false where neither the temporary nor the final file
  /// is what the row says, so that it must be made again.
  private func place(_ recording: PlannedRecording) async throws -> Bool {
    guard let file = recording.file else { return false }
    let from = temporary(recording.plan, named: file.name)
    if try !isWhole(file.path, file) {
      guard try isWhole(from, file) else { return false }
      // A stranger took the name after it was chosen: another one is chosen, nothing overwritten.
      guard airloom_rename_noreplace(from, file.path) == 0 else {
        let code = errno
        guard code == EEXIST else {
          throw SystemError(code: code, call: "rename", subject: file.path)
        }
        var made = file
        made.path = from
        try await intend(made, recording)
        guard let again = try await find(recording.plan.job) else { return false }
        return try await place(again)
      }
      try reached(.renamed)
    }
    try Syscall.syncFolder(environment.folder)
    try reached(.folderSynced)
    try await publish(recording, file)
    try reached(.published)
    return true
  }

  private func isWhole(_ path: String, _ file: FinishedFile) throws -> Bool {
    guard FolderListing.exists(path) else { return false }
    let (hash, size) = try SHA256.hash(fileAt: path)
    return hash == file.sha256 && size == file.bytes
  }

  private func publish(_ recording: PlannedRecording, _ file: FinishedFile) async throws {
    let job = recording.plan.job
    let (outbox, scheduler, now) = (
      environment.outbox, environment.scheduler, environment.time.now()
    )
    try await environment.database.write { transaction in
      // The token may have grown meanwhile.
      guard let current = try RecordingCatalog.find(job, transaction) else { return }
      try RecordingCatalog.setPhase(.finished, of: job, at: now, transaction)
      try outbox.send(
        RecordingFinished(job: job, token: current.plan.token, file: file), to: scheduler,
        in: transaction)
    }
    environment.logs.note(job, "finished as \(file.name), sha256 \(file.sha256)")
    environment.log.info("recording finished", ("job", job), ("file", file.name))
  }

  private func fail(_ recording: PlannedRecording, _ reason: String) async throws {
    let job = recording.plan.job
    let (outbox, scheduler, now) = (
      environment.outbox, environment.scheduler, environment.time.now()
    )
    try await environment.database.write { transaction in
      guard let current = try RecordingCatalog.find(job, transaction) else { return }
      try RecordingCatalog.setPhase(.failed, of: job, at: now, reason: reason, transaction)
      try outbox.send(
        RecordingFailed(job: job, token: current.plan.token, reason: reason), to: scheduler,
        in: transaction)
    }
    environment.logs.note(job, "failed: \(reason)")
    environment.log.error("recording failed", ("job", job), ("reason", reason))
  }

  /// One sentence for a recording of which nothing exists.
  static func reason(_ gaps: [Gap]) -> String {
    let longest = gaps.max { ($0.end - $0.start) < ($1.end - $1.start) }
    return "Nothing was recorded: \(longest?.detail ?? "the tape holds nothing of this time.")"
  }

  // MARK: -

  private func find(_ job: JobID) async throws -> PlannedRecording? {
    try await environment.database.read { try RecordingCatalog.find(job, $0) }
  }

  private func setPhase(_ phase: RecordingPhase, _ job: JobID) async throws {
    let now = environment.time.now()
    try await environment.database.write {
      try RecordingCatalog.setPhase(phase, of: job, at: now, $0)
    }
  }

  private func sync(_ path: String) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    try Syscall.check("fsync", path) { fsync(descriptor) }
  }

  private func prefix(_ plan: RecordingPlan) -> String { work + "/\(plan.job)" }

  private func temporary(_ plan: RecordingPlan, _ container: FinishCommand.Container) -> String {
    prefix(plan) + ".made." + container.fileExtension
  }

  private func temporary(_ plan: RecordingPlan, named name: String) -> String {
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
