import Base
import CSodium
import HTTPServer
import Synchronization

/// Argon2id by libsodium, one at a time on a thread of its own: a flood of logins costs one core and
/// 32 MiB, and nobody else's time.
actor PasswordHasher {
  /// OWASP's advice is 19 MiB and two passes at least; this takes about 50 ms here.
  private static let passes: UInt64 = 3
  private static let memory = 32 << 20
  /// How many may wait; beyond it a login is asked to come again.
  private static let queueLimit = 16

  private let thread = DedicatedThread(named: "passwords")
  private nonisolated let waiting = Atomic<Int>(0)

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init() {
    precondition(sodium_init() >= 0, "libsodium cannot be used on this system")
  }

  /// The hash with its salt and costs, as text.
  nonisolated func hash(_ password: String) async throws(Problem) -> String {
    try await queued { await self.computeHash(password) }
  }

  nonisolated func verify(_ password: String, against hash: String) async throws(Problem) -> Bool {
    try await queued { await self.check(password, hash) }
  }

  private nonisolated func queued<Result: Sendable>(
    _ body: () async -> Result
  ) async throws(Problem) -> Result {
    defer { waiting.subtract(1, ordering: .relaxed) }
    if waiting.add(1, ordering: .relaxed).newValue > PasswordHasher.queueLimit {
      throw Problem(
        503, "busy", "Too many people are logging in; try again in a moment.",
        retryAfterSeconds: 2)
    }
    return await body()
  }

  private func computeHash(_ password: String) -> String {
    var hash = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
    let result = crypto_pwhash_str(
      &hash, password, UInt64(password.utf8.count), PasswordHasher.passes, PasswordHasher.memory)
    precondition(result == 0, "there is no memory to hash a password")
    return String(decoding: hash.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private func check(_ password: String, _ hash: String) -> Bool {
    crypto_pwhash_str_verify(hash, password, UInt64(password.utf8.count)) == 0
  }
}
