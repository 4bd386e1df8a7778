import Base
import CSodium
import HTTPServer
import Storage
import Synchronization

/// Signed links: addresses that open one stream's playlists and media to whoever has them, until they
/// expire. For players that cannot log in.
///
/// A key is `<expiry in Unix seconds>.<HMAC-SHA-256 of stream and expiry>`; the secret is in the
/// gateway's database.
final class StreamLinks: Sendable {
  private let database: Database
  private let time: any TimeSource
  private let secret = Mutex<[UInt8]?>(nil)

  init(database: Database, time: any TimeSource) {
    self.database = database
    self.time = time
  }

  func key(for stream: StreamID, until expiry: Instant) async throws -> String {
    let code = StreamLinks.code(stream, expiry.seconds, try await loadSecret())
    return "\(expiry.seconds).\(hexadecimal(code))"
  }

  /// Throws unless the key opens the stream now.
  func check(_ key: String, for stream: StreamID) async throws {
    let parts = key.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let expiry = Int64(parts[0]), key.utf8.count < 100 else {
      throw StreamLinks.wrong
    }
    // Who may see a stream may hear it.
    let code = hexadecimal(StreamLinks.code(stream.owner, expiry, try await loadSecret()))
    // In constant time: nobody can guess the code digit by digit.
    let given = Array(parts[1].utf8)
    let right = Array(code.utf8)
    guard given.count == right.count, sodium_memcmp(given, right, right.count) == 0 else {
      throw StreamLinks.wrong
    }
    guard time.now() < Instant(seconds: expiry) else {
      throw Problem(403, "link_expired", "This link has expired; make a new one on the page.")
    }
  }

  private static let wrong = Problem(
    403, "wrong_link", "This link is not for this stream, or is not complete.")

  private func loadSecret() async throws -> [UInt8] {
    if let known = secret.withLock({ $0 }) { return known }
    let found: [UInt8]
    if let known = try await database.read(LinkCatalog.secret) {
      found = known
    } else {
      found = try await database.write { try LinkCatalog.secret(orElse: randomBytes(32), $0) }
    }
    secret.withLock { $0 = found }
    return found
  }

  private static func code(_ stream: StreamID, _ expiry: Int64, _ secret: [UInt8]) -> [UInt8] {
    precondition(secret.count == Int(crypto_auth_hmacsha256_KEYBYTES), "the key has 32 bytes")
    let text = Array("stream-link\n\(stream)\n\(expiry)".utf8)
    var code = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_BYTES))
    crypto_auth_hmacsha256(&code, text, UInt64(text.count), secret)
    return code
  }
}
