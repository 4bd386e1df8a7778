internal import Base
internal import CSSH2

/// How the far end's bytes were hashed.
enum HashMethod: String, Codable, Sendable {
  /// `sha256sum` ran there.
  case remoteCommand
  /// The file was read back and hashed here.
  case readBack
  /// The SHA-256 that the server itself keeps of it (S3), over the whole or over its parts.
  case serverChecksum
}

/// Hashes a file where it lies: by `sha256sum` where the account may run commands, else by reading
/// it back.
///
/// Only a hash that equals the expected one is taken from the command: an account may show its
/// commands another file tree than its SFTP, so a different or missing answer is settled by reading
/// back, which is the file itself.
final class RemoteHasher {
  private let sftp: SFTPSession
  private var commandsWork = true
  private(set) var lastMethod = HashMethod.readBack

  init(_ sftp: SFTPSession) { self.sftp = sftp }

  /// Whether the whole file has that hash.
  func matches(
    _ path: String, size: Int64, hash expected: String
  ) throws(DeliveryError) -> Bool {
    let command = try "sha256sum < " + RemoteHasher.quoted(sftp.realPath(path))
    return try matches(path, upTo: .max, size: size, hash: expected, command: command)
  }

  /// Whether its first bytes have that hash; there may be more, and more may be coming.
  func matches(
    _ path: String, first count: Int64, hash expected: String
  ) throws(DeliveryError) -> Bool {
    let command =
      try "head -c \(count) < " + RemoteHasher.quoted(sftp.realPath(path)) + " | sha256sum"
    return try matches(path, upTo: count, size: count, hash: expected, command: command)
  }

  private func matches(
    _ path: String, upTo limit: Int64, size: Int64, hash expected: String, command: String
  ) throws(DeliveryError) -> Bool {
    if commandsWork, try commandHash(command, size: size) == expected {
      lastMethod = .remoteCommand
      return true
    }
    lastMethod = .readBack
    return try readBackHash(path, upTo: limit) == expected
  }

  private func readBackHash(
    _ path: String, upTo limit: Int64
  ) throws(DeliveryError) -> String {
    let file = try sftp.open(path, flags: LIBSSH2_FXF_READ)
    let hasher = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 22, alignment: 16)
    defer { buffer.deallocate() }
    var left = limit
    while left > 0 {
      let wanted = Int(min(left, Int64(buffer.count)))
      let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
      if count == 0 { break }
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      left -= Int64(count)
    }
    try file.close()
    return hexadecimal(hasher.finish())
  }

  /// nil where the command gave no hash; then none is tried again on this connection.
  private func commandHash(_ command: String, size: Int64) throws(DeliveryError) -> String? {
    do throws(DeliveryError) {
      let limit = sftp.ssh.timeouts.hash + .seconds(size / 20_000_000)
      let output = try RemoteCommand(sftp.ssh).run(command, within: limit)
      if let hash = RemoteHasher.hash(in: output) { return hash }
    } catch {
      switch error.kind {
      case .interrupted, .connectionLost: throw error
      // A refused channel, a shell that hangs: SFTP goes on beside it.
      default: break
      }
    }
    commandsWork = false
    return nil
  }

  /// 64 hexadecimal digits and a blank, as `sha256sum` begins its line.
  static func hash(in output: [UInt8]) -> String? {
    guard output.count > 64, output[64] == UInt8(ascii: " ") else { return nil }
    let digits = output[..<64]
    let isHash = digits.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
    }
    return isHash ? String(decoding: digits, as: UTF8.self) : nil
  }

  /// One word to a POSIX shell, whatever it contains.
  static func quoted(_ word: String) -> String {
    var text = "'"
    for character in word.unicodeScalars {
      if character == "'" { text += "'\\''" } else { text.unicodeScalars.append(character) }
    }
    return text + "'"
  }
}
