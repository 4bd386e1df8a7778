internal import Base
internal import Glibc

/// The secret that whoever reads tapes over HTTP shows: 64 hexadecimal digits in `keys/tape.token`,
/// the same for all services of an installation. On several hosts the file is copied like the CURVE
/// keys.
///
/// It is made by whoever needs it first. Two processes that make it at once end with the same one:
/// the file gets its name by link(2), which never replaces.
public struct TapeToken: Hashable, Sendable, CustomStringConvertible {
  /// Never to be logged.
  public let text: String

  /// nil where the text is not 64 lower-case hexadecimal digits.
  public init?(_ text: String) {
    let isToken =
      text.utf8.count == 64
      && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    guard isToken else { return nil }
    self.text = text
  }

  public var description: String { "TapeToken(…)" }

  /// The value of the `Authorization` header.
  public var authorization: String { "Bearer \(text)" }

  /// Whether a request's `Authorization` header shows this token. Takes the same time for every
  /// text of the right length, so that nobody can guess it digit by digit.
  public func isShown(in header: String?) -> Bool {
    let expected = Array(authorization.utf8)
    let shown = Array((header ?? "").utf8)
    guard shown.count == expected.count else { return false }
    return zip(shown, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// The token in the file, made where there is none. Blocks for the disk.
  ///
  /// - Throws: `ServiceError` where the file cannot be read or made, or holds something else.
  public static func load(_ path: String) throws(ServiceError) -> TapeToken {
    do throws(SystemError) {
      if access(path, F_OK) != 0 { try make(path) }
      let lines = String(decoding: try DurableFile.read(path), as: UTF8.self).split(
        whereSeparator: \.isWhitespace)
      if lines.count == 1, let token = TapeToken(String(lines[0])) { return token }
    } catch {
      throw ServiceError(
        ExitCode.of(error), "the key for reading tapes cannot be read or made: \(error)")
    }
    throw ServiceError(
      .configuration,
      "\(path) does not hold a key of 64 hexadecimal digits: copy it from another host again, or "
        + "delete it to have a new one made")
  }

  /// Killed before the link, only the temporary file is left; after it, the whole file is there.
  private static func make(_ path: String) throws(SystemError) {
    try Syscall.makeFolders(DurableFile.folder(of: path), mode: 0o700)
    let temporary = path + ".\(hexadecimal(randomBytes(4))).tmp"
    defer { unlink(temporary) }
    let descriptor = try Syscall.check("open", temporary) {
      open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    }
    defer { close(descriptor) }
    let line = Array((hexadecimal(randomBytes(32)) + "\n").utf8)
    try line.withUnsafeBytes { bytes in
      Result { () throws(SystemError) in
        try Syscall.writeAll(bytes, to: descriptor, temporary)
      }
    }.get()
    try Syscall.check("fsync", temporary) { fsync(descriptor) }
    do throws(SystemError) {
      try Syscall.check("link", path) { link(temporary, path) }
    } catch {
      // Another process was quicker; its token counts.
      guard error.code == EEXIST else { throw error }
    }
    try Syscall.syncFolder(DurableFile.folder(of: path))
  }
}
