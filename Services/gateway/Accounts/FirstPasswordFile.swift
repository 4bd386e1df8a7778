import Base
import Glibc

/// Where the password that was made at the first start waits for the person who installs Airloom:
/// readable by this user only, gone once the password is changed.
enum FirstPasswordFile {
  static func write(_ password: String, to path: String) throws {
    try DurableFile.write(Array((password + "\n").utf8), to: path, mode: 0o600)
  }

  /// It is harmless where it stays, so that a failure is nobody's trouble.
  static func remove(_ path: String) { unlink(path) }
}
