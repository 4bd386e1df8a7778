import Base
import Storage

/// Files that were made again for a later end: once the scheduler has said that the new one counts,
/// the one before is moved out of the way, never deleted.
extension Finisher {
  /// The row names the file until it is moved, so a kill in between is made good at the next start.
  func setAsideReplaced() async {
    do {
      let files = try await environment.database.read { try RecordingCatalog.replacedFiles($0) }
      for (job, path) in files {
        if let target = try moveAside(path, mark: job.text) {
          environment.logs.note(job, "made again with a later end; the file before is \(target)")
        }
        try await environment.database.write {
          try RecordingCatalog.forgetReplaced(job, path: path, $0)
        }
      }
    } catch {
      environment.log.error("a replaced file was not set aside", ("reason", "\(error)"))
    }
  }
}
