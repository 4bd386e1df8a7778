internal import Base
internal import Glibc

/// What tells one content of a file from another without reading it.
struct FileIdentity: Hashable, Sendable {
  let device: Int64
  let inode: Int64
  let bytes: Int64
  /// Nanoseconds since the epoch, as far as the file system keeps them.
  let modifiedNs: Int64

  init(device: Int64, inode: Int64, bytes: Int64, modifiedNs: Int64) {
    self.device = device
    self.inode = inode
    self.bytes = bytes
    self.modifiedNs = modifiedNs
  }

  /// nil for what is not a regular file.
  init?(_ status: stat) {
    guard status.st_mode & S_IFMT == S_IFREG else { return nil }
    device = Int64(bitPattern: UInt64(status.st_dev))
    inode = Int64(bitPattern: UInt64(status.st_ino))
    bytes = Int64(status.st_size)
    modifiedNs = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
  }

  /// Of a path, not following a symlink; nil where there is no regular file.
  static func of(_ path: DropPath) -> FileIdentity? {
    var status = stat()
    guard path.withCString({ lstat($0, &status) }) == 0 else { return nil }
    return FileIdentity(status)
  }

  static func of(_ descriptor: Int32) -> FileIdentity? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    return FileIdentity(status)
  }

  /// Whether a file that was dealt with under `known` needs no second look. Device and inode may
  /// change under a file that nobody touched (another mount, a network file system), its size and time
  /// do not.
  func isSameContent(as known: FileIdentity) -> Bool {
    bytes == known.bytes && modifiedNs == known.modifiedNs
  }

  /// The conversion's id, when a drop is found at that path.
  func id(at path: DropPath) -> String {
    let text = "|\(device)|\(inode)|\(bytes)|\(modifiedNs)"
    return hexadecimal(SHA256.hash(path.bytes + Array(text.utf8)).prefix(16))
  }
}
