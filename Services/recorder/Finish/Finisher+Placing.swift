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
  /// Stores which names the checked file and its companions are about to get: free ones.
  func intend(_ made: MadeFile, _ recording: PlannedRecording) async throws {
    let plan = recording.plan
    let now = environment.time.now()
    var number = 1
    while true {
      let name = RecordingName.candidate(
        plan.fileName, fileExtension: made.fileExtension, number: number)
      number += 1
      guard isFree(name, made) else { continue }
      var file = made.file
      file.path = made.files.folder + "/" + name
      file.name = name
      file.companions = try accompany(made, plan, file)
      try reached(.accompanied)
      let stored = try await environment.database.write { [file] transaction in
        guard let current = try RecordingCatalog.find(plan.job, transaction),
          current.phase == .finishing, current.plan.isMadeLike(plan)
        else { throw Replanned() }
        if try RecordingCatalog.isTaken(file.path, by: plan.job, transaction) { return false }
        try RecordingCatalog.setFile(file, of: plan.job, at: now, transaction)
        return true
      }
      if stored { break }
    }
    try reached(.intended)
  }

  private func isFree(_ name: String, _ made: MadeFile) -> Bool {
    let names =
      [name] + CompanionFile.Kind.allCases.map { CompanionNames.name($0, beside: name) }
    return names.allSatisfy { !FolderListing.exists(made.files.folder + "/" + $0) }
  }

  /// Writes the companions that are text, and makes all of them safe from a power cut.
  private func accompany(
    _ made: MadeFile, _ plan: RecordingPlan, _ file: FinishedFile
  ) throws -> [CompanionFile] {
    var texts: [(CompanionFile.Kind, String)] = [
      (.sha256, CompanionNames.checksum(file.sha256, of: file.name))
    ]
    if !made.asRun.isEmpty {
      texts.append((.asRun, made.asRun.text))
      if plan.finishing?.hasCueSheet ?? false {
        let sheet = made.asRun.cueSheet(
          fileName: file.name, title: plan.tags.title, performer: plan.tags.artist)
        texts.append((.cueSheet, sheet))
      }
    }
    for (kind, text) in texts {
      try DurableFile.write(Array(text.utf8), to: made.files.companion(kind))
    }
    return try (texts.map(\.0) + made.pictures).map { kind in
      let path = made.files.companion(kind)
      if made.pictures.contains(kind) { try sync(path) }
      return CompanionFile(
        kind: kind, name: CompanionNames.name(kind, beside: file.name),
        bytes: try SHA256.hash(fileAt: path).size)
    }
  }

  /// Gives the file its name and publishes it; false where neither the temporary nor the final file
  /// is what the row says, or a stranger took the name: then it must be made again.
  func place(_ recording: PlannedRecording) async throws -> Bool {
    guard var file = recording.file else { return false }
    let job = recording.plan.job
    let files = WorkFiles(folder: DurableFile.folder(of: file.path), job: job)
    if try !isWhole(file.path, file) {
      let from = files.made(named: file.name)
      guard try isWhole(from, file) else { return false }
      // A name that a stranger took after it was chosen is not overwritten.
      guard airloom_rename_noreplace(from, file.path) == 0 else {
        let code = errno
        guard code == EEXIST else {
          throw SystemError(code: code, call: "rename", subject: file.path)
        }
        return false
      }
    }
    try reached(.renamed)
    file.companions = (file.companions ?? []).filter { isNamed($0, files, job) }
    try reached(.companionsNamed)
    try Syscall.syncFolder(files.folder)
    try reached(.folderSynced)
    try await publish(recording, file)
    try reached(.published)
    return true
  }

  /// Gives a companion its name; false where it is lost or a stranger took the name: the file does
  /// without it.
  private func isNamed(_ companion: CompanionFile, _ files: WorkFiles, _ job: JobID) -> Bool {
    let from = files.companion(companion.kind)
    let path = files.folder + "/" + companion.name
    if FolderListing.exists(from) {
      if airloom_rename_noreplace(from, path) == 0 { return true }
    } else if let size = try? SHA256.hash(fileAt: path).size, size == companion.bytes {
      return true
    }
    environment.logs.note(job, "without \(companion.name): it could not be given its name")
    return false
  }

  func isWhole(_ path: String, _ file: FinishedFile) throws -> Bool {
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
      // The plan may have changed meanwhile; its token may have grown.
      guard let current = try RecordingCatalog.find(job, transaction), current.phase == .placing
      else { throw Replanned() }
      try RecordingCatalog.setFinished(file, of: job, at: now, transaction)
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
      guard let current = try RecordingCatalog.find(job, transaction),
        current.phase == .finishing, current.plan.isMadeLike(recording.plan)
      else { throw Replanned() }
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
