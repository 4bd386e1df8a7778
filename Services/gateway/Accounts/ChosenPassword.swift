import Base
import Service

/// The first administrator's password where the installer chose it: in AIRLOOM_ADMIN_PASSWORD, or in
/// the file that AIRLOOM_ADMIN_PASSWORD_FILE names, as container runtimes and systemd hand secrets on.
enum ChosenPassword {
  /// Nil where none was chosen. Blocks for the disk.
  ///
  /// - Throws: `ServiceError` where the file cannot be read or is empty: a password that was chosen is
  ///   never replaced by another.
  static func read(_ environment: [String: String]) throws(ServiceError) -> String? {
    if let password = environment["AIRLOOM_ADMIN_PASSWORD"], !password.isEmpty { return password }
    guard let path = environment["AIRLOOM_ADMIN_PASSWORD_FILE"], !path.isEmpty else { return nil }
    let bytes: [UInt8]
    do {
      bytes = try DurableFile.read(path)
    } catch {
      throw ServiceError(
        .configuration,
        "the file of AIRLOOM_ADMIN_PASSWORD_FILE cannot be read: \(error); name one that this user "
          + "can read, or leave the variable out")
    }
    guard let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first else {
      throw ServiceError(
        .configuration,
        "\(path), which AIRLOOM_ADMIN_PASSWORD_FILE names, is empty: write the password into it")
    }
    return String(line)
  }
}
