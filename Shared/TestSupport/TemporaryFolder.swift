internal import Base
internal import Glibc

/// A folder of one test, removed with everything in it when the last reference goes.
///
/// Its path is short, because a unix socket's path has room for 107 bytes.
public final class TemporaryFolder: Sendable {
  public let path: String

  /// Anybody may enter the folder, so that servers that run as another user can read it.
  public init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    path = "\(base)/al-\(hexadecimal(randomBytes(6)))"
    try Syscall.check("mkdir", path) { mkdir(path, 0o755) }
    // Whatever the umask says.
    try Syscall.check("chmod", path) { chmod(path, 0o755) }
  }

  deinit { Self.remove(path) }

  /// A path inside.
  public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Makes a folder inside and returns its path.
  @discardableResult
  public func folder(_ name: String) throws -> String {
    try Syscall.makeFolders(self(name), mode: 0o755)
    return self(name)
  }

  /// Writes a file inside and returns its path.
  @discardableResult
  public func file(_ name: String, _ text: String) throws -> String {
    try file(name, Array(text.utf8))
  }

  @discardableResult
  public func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Syscall.makeFolders(DurableFile.folder(of: self(name)), mode: 0o755)
    try DurableFile.write(bytes, to: self(name), mode: 0o644)
    return self(name)
  }

  public func text(_ name: String) throws -> String {
    String(decoding: try DurableFile.read(self(name)), as: UTF8.self)
  }

  /// The names in a folder, sorted; none when it is missing.
  public static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      // A test may have taken the right to write away.
      chmod(path, 0o700)
      for name in names(in: path) { remove("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
