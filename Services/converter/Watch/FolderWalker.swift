internal import Base
internal import Glibc

/// Goes through a folder and those in it, handing out drops in portions, so that half a million files
/// never lie in memory at once. Symlinks are not followed; folders that `DropRules` or the caller set
/// aside are not entered. What is not readable is passed over.
final class FolderWalker {
  struct Found: Hashable, Sendable {
    let path: DropPath
    let identity: FileIdentity
  }

  private struct Level {
    let folder: OpaquePointer
    let path: DropPath
  }

  /// Deeper folders are not entered.
  private static let deepest = 64

  private let isRecursive: Bool
  private let isSkipped: (DropPath) -> Bool
  /// Called with each folder's descriptor and path as it is entered.
  private let onFolder: (Int32, DropPath) -> Void
  private var levels: [Level] = []

  /// `mayBeLink`: only for folders that a person has named.
  ///
  /// - Throws: `SystemError` where the folder itself cannot be read.
  init(
    _ root: DropPath, mayBeLink: Bool, isRecursive: Bool, isSkipped: @escaping (DropPath) -> Bool,
    onFolder: @escaping (Int32, DropPath) -> Void = { _, _ in }
  ) throws(SystemError) {
    self.isRecursive = isRecursive
    self.isSkipped = isSkipped
    self.onFolder = onFolder
    let links = mayBeLink ? 0 : O_NOFOLLOW
    let descriptor = try Syscall.check("open", root.text) {
      root.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | links) }
    }
    try enter(descriptor, root)
  }

  deinit { for level in levels { closedir(level.folder) } }

  /// The next drops, at most that many; empty at the end.
  func next(_ limit: Int) -> [Found] {
    var found: [Found] = []
    while found.count < limit, let level = levels.last {
      guard let entry = readdir(level.folder) else {
        closedir(level.folder)
        levels.removeLast()
        continue
      }
      if let drop = look(at: Self.name(of: entry), type: Int32(entry.pointee.d_type), in: level) {
        found.append(drop)
      }
    }
    return found
  }

  private func look(at name: [UInt8], type: Int32, in level: Level) -> Found? {
    guard name != [46], name != [46, 46] else { return nil }
    // Most of what lies there is told apart without another call.
    let mayBeFolder = type == Int32(DT_DIR) || type == Int32(DT_UNKNOWN)
    let mayBeDrop =
      (type == Int32(DT_REG) || type == Int32(DT_UNKNOWN)) && DropRules.isDrop(name[...])
    guard mayBeDrop || (mayBeFolder && isRecursive) else { return nil }
    let parent = dirfd(level.folder)
    let path = level.path.appending(name)
    var status = stat()
    let result = DropPath(bytes: name).withCString {
      fstatat(parent, $0, &status, AT_SYMLINK_NOFOLLOW)
    }
    guard result == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFDIR {
      if isRecursive { descend(into: name, path, parent) }
      return nil
    }
    guard mayBeDrop, let identity = FileIdentity(status) else { return nil }
    return Found(path: path, identity: identity)
  }

  private func descend(into name: [UInt8], _ path: DropPath, _ parent: Int32) {
    guard DropRules.isEntered(name), levels.count < Self.deepest, !isSkipped(path) else { return }
    let descriptor = DropPath(bytes: name).withCString {
      openat(parent, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    if descriptor >= 0 { try? enter(descriptor, path) }
  }

  private func enter(_ descriptor: Int32, _ path: DropPath) throws(SystemError) {
    guard let folder = fdopendir(descriptor) else {
      let code = errno
      close(descriptor)
      throw SystemError(code: code, call: "fdopendir", subject: path.text)
    }
    onFolder(descriptor, path)
    levels.append(Level(folder: folder, path: path))
  }

  /// The name of a lock file that lies beside the drop.
  static func lock(beside path: DropPath) -> String? {
    DropRules.lockNames(for: path.name).first { name in
      path.sibling(name).withCString { access($0, F_OK) } == 0
    }.map { String(decoding: $0, as: UTF8.self) }
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
  }

  /// The names in a folder; none where it cannot be read, and then errno says why.
  static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = String(decoding: name(of: entry), as: UTF8.self)
      if name != "." && name != ".." { names.append(name) }
    }
    errno = 0
    return names
  }
}
