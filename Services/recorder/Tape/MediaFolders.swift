import Base
import Glibc

/// Whether the folders of tapes and recordings can be written, looked at again and again: a disk
/// that is mounted late, or read-only after a fault, is shown before the next show is lost to it.
///
/// Writes nothing but the folders themselves. Blocks for the disk.
struct MediaFolders {
  let folders: [String]

  /// One sentence; nil when all is well. A folder that is missing is made.
  func fault() -> String? {
    do throws(SystemError) {
      for folder in folders {
        try Syscall.makeFolders(folder)
        // Tells of a read-only disk also to root, whom no mode keeps out (access(2), EROFS).
        try Syscall.check("access", folder) { access(folder, W_OK | X_OK) }
      }
      return nil
    } catch {
      return "The media folder cannot be written, so nothing can be recorded into it (\(error)): "
        + "make it writable for this user, or name another one as [media] folder."
    }
  }
}
