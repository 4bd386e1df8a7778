import Base
import HTTPServer
import Storage
import Synchronization

/// Who may come in: passwords, sessions and tokens.
///
/// An unknown name and a wrong password take the same time and get the same answer.
final class Accounts: Sendable {
  static let shortestPassword = 8
  private static let longestPassword = 200

  let settings: GatewaySettings
  let database: Database
  let time: any TimeSource
  private let hasher = PasswordHasher()
  private let limiter = Mutex(LoginLimiter())
  /// What is verified for a name that does not exist.
  private let decoy: String

  init(settings: GatewaySettings, database: Database, time: any TimeSource) async throws {
    self.settings = settings
    self.database = database
    self.time = time
    decoy = try await hasher.hash(Secret.make())
  }

  /// Makes `admin` where there is nobody yet.
  ///
  /// The file is written before the row: killed in between, the next start finds no user and writes
  /// the file anew; the other way round nobody would know the password.
  func prepareFirstAdministrator(log: Logger) async throws {
    guard try await database.read(UserCatalog.isEmpty) else {
      // Killed between changing the password and removing the file: it is of no use any more.
      if try await !database.read(UserCatalog.hasFirstPassword) {
        FirstPasswordFile.remove(settings.firstPasswordPath)
      }
      return
    }
    let given = settings.adminPassword
    let password = given ?? Secret.makePassword()
    try Accounts.check(newPassword: password, field: "AIRLOOM_ADMIN_PASSWORD")
    if given == nil {
      try FirstPasswordFile.write(password, to: settings.firstPasswordPath)
    }
    let hash = try await hasher.hash(password)
    let now = time.now()
    try await database.write { transaction in
      try UserCatalog.insert(
        name: "admin", passwordHash: hash, isFirstPassword: given == nil, at: now, transaction)
    }
    if given == nil {
      log.info(
        "made the first user 'admin'; its password is in a file",
        ("path", settings.firstPasswordPath))
    } else {
      log.info("made the first user 'admin' with the password that was chosen for it")
    }
  }

  /// The new session's secret, for the cookie.
  func logIn(
    name: String, password: String, peer: String, agent: String
  ) async throws -> (secret: String, session: Session) {
    let user = try await checked(name: name, password: password, peer: peer)
    let now = time.now()
    let secret = Secret.make()
    let session = Session(
      id: hexadecimal(randomBytes(8)), user: user.id, userName: user.name, createdAt: now,
      usedAt: now, expiresAt: now + settings.sessionLifetime, peer: peer,
      agent: String(agent.prefix(200)))
    let idleSince = now - settings.sessionIdleLimit
    try await database.write { transaction in
      try SessionCatalog.removeStale(usedBefore: idleSince, now: now, transaction)
      try SessionCatalog.insert(session, tokenHash: Secret.hash(secret), transaction)
    }
    return (secret, session)
  }

  /// Sets a new password and ends all other sessions of the user.
  func changePassword(
    of identity: Identity, from old: String, to new: String, peer: String
  ) async throws {
    try Accounts.check(newPassword: new, field: "newPassword")
    do {
      _ = try await checked(name: identity.userName, password: old, peer: peer)
    } catch let problem as Problem where problem.status == 401 {
      throw Problem(422, "invalid", "This is not your password.", field: "password")
    }
    let hash = try await hasher.hash(new)
    let now = time.now()
    // The row before the file: killed in between, a file with a password that opens nothing is left,
    // and the next start removes it.
    try await database.write { transaction in
      try UserCatalog.setPassword(hash, of: identity.user, at: now, transaction)
      try SessionCatalog.removeAll(of: identity.user, except: identity.session, transaction)
    }
    FirstPasswordFile.remove(settings.firstPasswordPath)
  }

  /// The user, if the password is right and was not tried too often.
  private func checked(
    name: String, password: String, peer: String
  ) async throws -> User {
    let now = time.monotonic()
    if let wait = limiter.withLock({ $0.wait(account: name, peer: peer, now: now) }) {
      let seconds = Int(wait.inSeconds.rounded(.up))
      throw Problem(
        429, "too_many_tries", "Too many tries; wait \(seconds) seconds.",
        retryAfterSeconds: seconds)
    }
    guard password.utf8.count <= Accounts.longestPassword else { throw Accounts.wrong }
    let user = try await database.read { try UserCatalog.find(name: name, $0) }
    let isRight = try await hasher.verify(password, against: user?.passwordHash ?? decoy)
    guard let user, isRight else { throw Accounts.wrong }
    limiter.withLock { $0.succeeded(account: name, peer: peer) }
    return user
  }

  private static let wrong = Problem(
    401, "wrong_credentials", "The name or the password is wrong.")

  private static func check(newPassword: String, field: String) throws(Problem) {
    if newPassword.count < shortestPassword {
      throw Problem(
        422, "invalid", "The password must have at least \(shortestPassword) characters.",
        field: field)
    }
    if newPassword.utf8.count > longestPassword {
      throw Problem(
        422, "invalid", "The password must have at most \(longestPassword) bytes.", field: field)
    }
  }
}
