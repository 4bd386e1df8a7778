import Base
import Glibc
import Messages
import Storage

/// Files that no longer count are moved out of the way, into `.superseded` beside them: nothing that
/// was recorded is deleted on a message alone. The rows name a file until it is moved, so a kill in
/// between is made good at the next start.
extension Finisher {
  /// Files of recordings whose canonical file another recorder has.
  func setAsideSuperseded() async {
    do {
      let recordings = try await environment.database.read { try RecordingCatalog.superseded($0) }
      for recording in recordings {
        guard let path = recording.finalPath else { continue }
        let job = recording.plan.job
        if let target = try moveAside(path, mark: "\(job)-\(recording.plan.token)") {
          environment.logs.note(job, "not the canonical file; moved to \(target)")
        }
        try await environment.database.write { try RecordingCatalog.forgetPath(of: job, $0) }
      }
    } catch {
      environment.log.error("a superseded file was not set aside", ("reason", "\(error)"))
    }
  }

  /// Moves a file and those beside it.
  ///
  /// - Returns: where it is now; nil where there was nothing.
  func moveAside(_ path: String, mark: String) throws -> String? {
    guard let slash = path.lastIndex(of: "/"), FolderListing.exists(path) else { return nil }
    let home = String(path[..<slash])
    let name = String(path[path.index(after: slash)...])
    let folder = home + "/.superseded"
    try Syscall.makeFolders(folder)
    for kind in CompanionFile.Kind.allCases {
      let companion = CompanionNames.name(kind, beside: name)
      if FolderListing.exists(home + "/" + companion) {
        rename(home + "/" + companion, "\(folder)/\(mark)-\(companion)")
      }
    }
    let target = "\(folder)/\(mark)-\(name)"
    try Syscall.check("rename", path) { rename(path, target) }
    try Syscall.syncFolder(folder)
    try Syscall.syncFolder(home)
    return target
  }
}
