internal import CShims
internal import Glibc

/// Finds out whether anybody has a file open for writing: by a read lease, which the kernel grants
/// only where nobody has (a writable mapping counts), and where no lease can be had (another user's
/// file, a network file system) by the descriptors in /proc.
enum WriterProbe {
  static func evidence(of drop: OpenDrop) -> WriterEvidence {
    if !airloom_is_remote_file(drop.descriptor) {
      if airloom_probe_read_lease(drop.descriptor) == 0 {
        return WriterEvidence(source: .lease, isOpen: false)
      }
      if errno == EAGAIN { return WriterEvidence(source: .lease, isOpen: true) }
    }
    return processes(drop.identity)
  }

  /// Every descriptor of every process, as far as we may look.
  static func processes(_ identity: FileIdentity) -> WriterEvidence {
    var isComplete = true
    for process in FolderWalker.names(in: "/proc") where process.allSatisfy(\.isNumber) {
      let folder = "/proc/\(process)/fd"
      let names = FolderWalker.names(in: folder)
      // A process always has some, unless it is a thread of the kernel or not ours to look at.
      if names.isEmpty && errno == EACCES { isComplete = false }
      for name in names {
        var status = stat()
        guard stat("\(folder)/\(name)", &status) == 0, let other = FileIdentity(status),
          other.device == identity.device, other.inode == identity.inode
        else { continue }
        if isWritable("/proc/\(process)/fdinfo/\(name)") {
          return WriterEvidence(source: .processes(isComplete: true), isOpen: true)
        }
      }
    }
    return WriterEvidence(source: .processes(isComplete: isComplete), isOpen: false)
  }

  /// `flags:	0100001` in octal; the last two bits are the access mode (proc(5)).
  private static func isWritable(_ info: String) -> Bool {
    let descriptor = open(info, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = read(descriptor, &buffer, buffer.count)
    let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
      let flags = Int32(line.dropFirst(6).filter(\.isNumber), radix: 8)
    else { return false }
    return flags & O_ACCMODE != O_RDONLY
  }
}
