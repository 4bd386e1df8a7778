internal import Glibc

/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  public let code: Int32
  /// The call's name, such as `open`.
  public let call: String
  /// The path or peer it was about, where there is one.
  public let subject: String?

  public init(code: Int32, call: String, subject: String? = nil) {
    self.code = code
    self.call = call
    self.subject = subject
  }

  /// The system's sentence for the code, such as "No space left on device".
  public var reason: String {
    var buffer = [CChar](repeating: 0, count: 256)
    // glibc with _GNU_SOURCE may answer with a static string, else with the buffer; the XSI form
    // that Swift imports always fills the buffer.
    _ = strerror_r(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  public var description: String {
    subject.map { "\($0): \(reason) (\(call))" } ?? "\(reason) (\(call))"
  }
}

/// System calls with their two habits taken away: -1 with errno, and EINTR.
public enum Syscall {
  /// Runs the call, again after EINTR, and turns a negative result into an error.
  @discardableResult
  public static func check<Result: SignedInteger>(
    _ call: String, _ subject: String? = nil, _ body: () -> Result
  ) throws(SystemError) -> Result {
    while true {
      let result = body()
      if result >= 0 { return result }
      if errno != EINTR { throw SystemError(code: errno, call: call, subject: subject) }
    }
  }

  /// Writes every byte, however many calls that takes.
  public static func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ subject: String? = nil
  ) throws(SystemError) {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      let count = try check("write", subject) { write(descriptor, base, rest.count) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }

  /// Makes the names in a folder durable: a rename is on disk only after this.
  public static func syncFolder(_ path: String) throws(SystemError) {
    let descriptor = try check("open", path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    defer { close(descriptor) }
    try check("fsync", path) { fsync(descriptor) }
  }

  /// Makes a folder and those above it that are missing, durably: a file that is synced in a folder
  /// whose own name is lost in a power cut would be lost with it.
  public static func makeFolders(_ path: String, mode: UInt32 = 0o750) throws(SystemError) {
    if mkdir(path, mode) != 0 {
      if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
        try makeFolders(String(path[..<slash]), mode: mode)
        if mkdir(path, mode) != 0 { return try acceptFolder(path, code: errno) }
      } else {
        return try acceptFolder(path, code: errno)
      }
    }
    try syncFolder(DurableFile.folder(of: path))
  }

  /// A folder that is already there is as good as one just made; anything else of that name is not.
  private static func acceptFolder(_ path: String, code: Int32) throws(SystemError) {
    var status = stat()
    let exists = code == EEXIST && stat(path, &status) == 0
    guard exists, status.st_mode & S_IFMT == S_IFDIR else {
      throw SystemError(code: exists ? ENOTDIR : code, call: "mkdir", subject: path)
    }
  }
}
