internal import Base
internal import CShims
internal import Glibc

/// A watched folder that is this process's alone: an flock(2) on the folder itself, which needs no file
/// in it and no right to write there, and ends with the process however that ends. So two converters
/// on one host, of one installation or of two, never take the same drops.
///
/// Where folders cannot be locked (NFS) a file in the home's `run` folder is, named after the path;
/// that keeps apart the converters of one installation.
final class FolderClaim {
  enum Failure: Error {
    case missing(SystemError)
    case taken
  }

  let path: DropPath
  private let descriptor: Int32
  private let lockFile: Int32
  private let device: Int64
  private let inode: Int64

  init(_ path: DropPath, runFolder: String) throws(Failure) {
    let descriptor = path.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      let error = SystemError(code: errno, call: "open", subject: path.text)
      if descriptor >= 0 { close(descriptor) }
      throw .missing(error)
    }
    var lockFile: Int32 = -1
    if airloom_lock_exclusive(descriptor) != 0 {
      let isTaken = errno == EWOULDBLOCK
      if !isTaken {
        let name = hexadecimal(SHA256.hash(path.bytes).prefix(8))
        lockFile = open("\(runFolder)/folder-\(name).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
      }
      guard !isTaken, lockFile >= 0, airloom_lock_exclusive(lockFile) == 0 else {
        close(descriptor)
        if lockFile >= 0 { close(lockFile) }
        throw .taken
      }
    }
    self.path = path
    self.descriptor = descriptor
    self.lockFile = lockFile
    device = Int64(bitPattern: UInt64(status.st_dev))
    inode = Int64(bitPattern: UInt64(status.st_ino))
  }

  deinit {
    close(descriptor)
    if lockFile >= 0 { close(lockFile) }
  }

  /// Whether the path still leads to the folder that was claimed: it may have been unmounted, or
  /// removed and made anew.
  var isCurrent: Bool {
    var status = stat()
    return path.withCString { stat($0, &status) } == 0
      && Int64(bitPattern: UInt64(status.st_dev)) == device
      && Int64(bitPattern: UInt64(status.st_ino)) == inode
  }
}
