internal import Base
internal import Glibc
internal import Messages

/// The archive's folders: gives checked files their names. Blocks; used on a thread that may.
///
/// A name is given by a hard link, which never replaces a file; where the file system has none, by a
/// rename after a look. What a kill leaves between link and unlink is the one file under two names,
/// of which the next start takes the hidden one away.
enum Archive {
  /// Names in the folder, and those that are about to be, that no new file may have.
  static func isTaken(_ name: String, in folder: String, placed: [String]) -> Bool {
    let folded = EpisodeNaming.folded(name)
    return names(in: folder).contains { EpisodeNaming.folded($0) == folded }
      || placed.contains { path in
        EpisodeNaming.folded(String(path.split(separator: "/").last ?? "")) == folded
      }
  }

  /// - Throws: EEXIST where the name was taken in the meantime.
  static func place(_ part: String, as path: String) throws(SystemError) {
    if link(part, path) == 0 {
      unlink(part)
    } else if [EPERM, EOPNOTSUPP, EMLINK, ENOSYS].contains(errno) {
      guard access(path, F_OK) != 0 else {
        throw SystemError(code: EEXIST, call: "rename", subject: path)
      }
      try Syscall.check("rename", path) { rename(part, path) }
    } else {
      throw SystemError(code: errno, call: "link", subject: path)
    }
    try Syscall.syncFolder(DurableFile.folder(of: path))
  }

  /// Whether the file is there as it is said to be.
  static func holds(_ file: FinishedFile) -> Bool {
    guard let found = try? SHA256.hash(fileAt: file.path) else { return false }
    return found.size == file.bytes && found.hexadecimal == file.sha256
  }

  static func size(of path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }
}

extension DownloadWorker {
  /// Gives the checked file its name.
  func place(_ task: DownloadTask, as path: String) throws(DownloadError) {
    do {
      try Archive.place(task.partPath, as: path)
    } catch {
      throw DownloadError(.disk, "the file cannot be given its name: \(error)")
    }
  }

  func isTaken(_ name: String, in folder: String, placed: [String]) -> Bool {
    Archive.isTaken(name, in: folder, placed: placed)
  }

  func holds(_ file: FinishedFile) -> Bool { Archive.holds(file) }

  func size(of path: String) -> Int64? { Archive.size(of: path) }

  func remove(_ path: String) { unlink(path) }
}
