internal import Base
internal import Glibc

/// The file under its temporary name, open for writing. Closed when let go of. Blocks.
final class PartFile {
  let path: String
  private let descriptor: Int32
  private(set) var size: Int64

  /// Makes or takes up the file; never through a link that somebody planted.
  init(_ path: String) throws(SystemError) {
    self.path = path
    descriptor = try Syscall.check("open", path) {
      open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o640)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw SystemError(code: EINVAL, call: "open", subject: path)
    }
    size = Int64(status.st_size)
  }

  deinit { close(descriptor) }

  /// Forgets what is there.
  func restart() throws(SystemError) {
    let descriptor = descriptor
    try Syscall.check("ftruncate", path) { ftruncate(descriptor, 0) }
    size = 0
  }

  func append(_ bytes: [UInt8]) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let at = size
      let count = try Syscall.check("pwrite", path) {
        bytes[done...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(at)) }
      }
      done += count
      size += Int64(count)
    }
  }

  func sync() throws(SystemError) {
    let descriptor = descriptor
    try Syscall.check("fdatasync", path) { fdatasync(descriptor) }
  }

  /// Its first bytes.
  func start(_ count: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try Syscall.check("pread", path) { pread(descriptor, &bytes, count, 0) }
    return Array(bytes[..<read])
  }
}
