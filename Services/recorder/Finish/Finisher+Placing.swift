import Base
import Bus
import CShims
import Glibc
import Media
import Messages
import Metrics
import Storage
import Subprocess

/// From the checked file to its name, its row and its event.
extension Finisher {
  /// Stores which name the checked file is about to get: a free one.
  func intend(_ made: FinishedFile, _ recording: PlannedRecording) async throws {
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
  func place(_ recording: PlannedRecording) async throws -> Bool {
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
    environment.metrics.recordings.with("finished").increment()
    environment.metrics.lostMilliseconds.increment(by: Int(file.lossUs / 1000))
    environment.logs.note(job, "finished as \(file.name), sha256 \(file.sha256)")
    environment.log.info("recording finished", ("job", job), ("file", file.name))
  }

  func fail(_ recording: PlannedRecording, _ reason: String) async throws {
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
    environment.metrics.recordings.with("failed").increment()
    environment.logs.note(job, "failed: \(reason)")
    environment.log.error("recording failed", ("job", job), ("reason", reason))
  }

  /// One sentence for a recording of which nothing exists.
  static func reason(_ gaps: [Gap]) -> String {
    let longest = gaps.max { ($0.end - $0.start) < ($1.end - $1.start) }
    return "Nothing was recorded: \(longest?.detail ?? "the tape holds nothing of this time.")"
  }
}
