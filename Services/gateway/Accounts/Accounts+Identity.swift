import Base
import HTTPServer
import Storage

/// Who is asking.
struct Identity: Sendable {
  let user: Int64
  let userName: String
  /// The session's id; nil for a script with a token.
  let session: String?
}

extension Accounts {
  /// How exactly the last use is kept; a write for each request would be too much.
  private static let usePrecision = Duration.seconds(60)

  /// nil where the cookie is of no session that still lasts.
  func identify(cookie secret: String) async throws -> Identity? {
    let hash = Secret.hash(secret)
    let now = time.now()
    guard
      let session = try await database.read({ try SessionCatalog.find(tokenHash: hash, $0) }),
      session.expiresAt > now, session.usedAt + settings.sessionIdleLimit > now
    else { return nil }
    if now - session.usedAt > Accounts.usePrecision {
      try await database.write { try SessionCatalog.touch(session.id, at: now, $0) }
    }
    return Identity(user: session.user, userName: session.userName, session: session.id)
  }

  /// nil where there is no such token.
  func identify(bearer secret: String) async throws -> Identity? {
    let hash = Secret.hash(secret)
    let now = time.now()
    guard let token = try await database.read({ try TokenCatalog.find(tokenHash: hash, $0) })
    else { return nil }
    if now - (token.usedAt ?? .epoch) > Accounts.usePrecision {
      try await database.write { try TokenCatalog.touch(token.id, at: now, $0) }
    }
    return Identity(user: token.user, userName: token.userName, session: nil)
  }

  func endSession(_ id: String, of identity: Identity) async throws {
    guard try await database.write({ try SessionCatalog.remove(id, of: identity.user, $0) })
    else { throw Problem.notFound }
  }

  func sessions(of identity: Identity) async throws -> [Session] {
    let now = time.now()
    let idleSince = now - settings.sessionIdleLimit
    return try await database.write { transaction in
      try SessionCatalog.removeStale(usedBefore: idleSince, now: now, transaction)
      return try SessionCatalog.all(of: identity.user, transaction)
    }
  }

  func hasFirstPassword(_ identity: Identity) async throws -> Bool {
    try await database.read { try UserCatalog.find(identity.user, $0)?.isFirstPassword } ?? false
  }

  /// The secret is shown once and never again.
  func makeToken(named name: String, for identity: Identity) async throws
    -> (secret: String, token: APIToken)
  {
    let secret = Secret.make(prefix: "airloom_")
    let token = APIToken(
      id: hexadecimal(randomBytes(8)), name: name, user: identity.user,
      userName: identity.userName, createdAt: time.now(), usedAt: nil)
    try await database.write {
      try TokenCatalog.insert(token, tokenHash: Secret.hash(secret), $0)
    }
    return (secret, token)
  }

  func tokens(of identity: Identity) async throws -> [APIToken] {
    try await database.read { try TokenCatalog.all(of: identity.user, $0) }
  }

  func revokeToken(_ id: String, of identity: Identity) async throws {
    guard try await database.write({ try TokenCatalog.remove(id, of: identity.user, $0) })
    else { throw Problem.notFound }
  }
}
