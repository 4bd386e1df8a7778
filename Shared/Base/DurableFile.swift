internal import Glibc

/// Writes a file so that, whatever happens, either the old content stands under its name or the
/// whole new one does: temporary name beside it, fdatasync, rename, fsync of the folder.
public enum DurableFile {
  /// Replaces or makes the file. Blocks for the disk.
  public static func write(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o640
  ) throws(SystemError) {
    let temporary = path + ".\(hexadecimal(randomBytes(4))).tmp"
    let descriptor = try Syscall.check("open", temporary) {
      open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    }
    do throws(SystemError) {
      defer { close(descriptor) }
      let result = bytes.withUnsafeBytes { buffer -> Result<Void, SystemError> in
        Result { () throws(SystemError) in
          try Syscall.writeAll(buffer, to: descriptor, temporary)
        }
      }
      try result.get()
      try Syscall.check("fdatasync", temporary) { fdatasync(descriptor) }
      try moveInPlace(temporary, to: path)
    } catch {
      // After a rename that was done nothing stands there any more.
      unlink(temporary)
      throw error
    }
  }

  /// Renames within one file system, replacing what stands there, and makes the new name durable.
  /// The file's content must have been synced before.
  public static func moveInPlace(_ temporary: String, to path: String) throws(SystemError) {
    try Syscall.check("rename", path) { rename(temporary, path) }
    try Syscall.syncFolder(folder(of: path))
  }

  /// The path up to its last slash; `.` for a bare name.
  public static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A whole file's bytes. Blocks.
  public static func read(_ path: String) throws(SystemError) -> [UInt8] {
    let descriptor = try Syscall.check("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try Syscall.check("read", path) { Glibc.read(descriptor, &buffer, buffer.count) }
      if count == 0 { return content }
      content.append(contentsOf: buffer[..<count])
    }
  }
}
