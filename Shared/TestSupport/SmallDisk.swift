internal import Base
internal import Glibc

/// A tmpfs of a few megabytes, so that a disk can be full or read-only; unmounted when the last
/// reference goes. It takes the right to mount.
public final class SmallDisk: Sendable {
  public let path: String

  public init(at path: String, megabytes: Int, isReadOnly: Bool = false) throws {
    self.path = path
    try Syscall.makeFolders(path, mode: 0o755)
    try Syscall.check("mount", path) {
      mount(
        "tmpfs", path, "tmpfs", isReadOnly ? UInt(MS_RDONLY) : 0,
        "size=\(megabytes)m,mode=777")
    }
  }

  /// As the kernel does when a disk fails.
  public func makeReadOnly() throws { try remount(UInt(MS_REMOUNT) | UInt(MS_RDONLY)) }

  /// As when an administrator mounts it anew.
  public func makeWritable() throws { try remount(UInt(MS_REMOUNT)) }

  private func remount(_ flags: UInt) throws {
    try Syscall.check("mount", path) { mount("tmpfs", path, "tmpfs", flags, "") }
  }

  /// Takes all the room that there is, with a file that is then removed to give it back.
  public func fill(with name: String = "filler") throws {
    let descriptor = try Syscall.check("open", path) {
      open("\(path)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    }
    defer { close(descriptor) }
    for size in [1 << 20, 1 << 12, 1] {
      let block = [UInt8](repeating: 1, count: size)
      while write(descriptor, block, size) == size {}
    }
  }

  public func free(from name: String = "filler") { unlink("\(path)/\(name)") }

  deinit { umount2(path, Int32(MNT_DETACH)) }

  public static let isPossible: Bool = {
    guard let folder = try? TemporaryFolder() else { return false }
    return (try? SmallDisk(at: folder("probe"), megabytes: 1)) != nil
  }()
}
