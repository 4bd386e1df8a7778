import Base
import HTTPServer

/// `/api/v1/session`, `/sessions`, `/password`, `/tokens`: the account of whoever asks.
struct AccountRoutes {
  private struct Credentials: Decodable {
    let name: String
    let password: String
  }

  private struct Passwords: Decodable {
    let password: String
    let newPassword: String
  }

  private struct TokenName: Decodable {
    let name: String
  }

  private struct Me: Encodable {
    let name: String
    /// The page then asks for a new password.
    let hasFirstPassword: Bool
  }

  private struct Sessions: Encodable {
    let sessions: [SessionView]
  }

  private struct Tokens: Encodable {
    let tokens: [TokenView]
  }

  let services: GatewayServices

  private var accounts: Accounts { services.accounts }
  private var cookie: SessionCookie {
    SessionCookie(isSecure: services.settings.isBehindTLSProxy)
  }

  func add(to router: inout GuardedRouter) {
    router.addOpen("POST", "/api/v1/session") { try await logIn($0) }
    router.add("GET", "/api/v1/session") { try await me($1) }
    router.add("DELETE", "/api/v1/session") { try await logOut($1) }
    router.add("PUT", "/api/v1/password") { try await changePassword($0, $1) }
    router.add("GET", "/api/v1/sessions") { _, identity in
      let sessions = try await accounts.sessions(of: identity)
      return try .json(
        Sessions(
          sessions: sessions.map { SessionView($0, isCurrent: $0.id == identity.session) }))
    }
    router.add("DELETE", "/api/v1/sessions/{id}") { request, identity in
      try await accounts.endSession(request.parameter("id"), of: identity)
      return .noContent
    }
    router.add("GET", "/api/v1/tokens") { _, identity in
      try .json(Tokens(tokens: try await accounts.tokens(of: identity).map { TokenView($0) }))
    }
    router.add("POST", "/api/v1/tokens") { try await makeToken($0, $1) }
    router.add("DELETE", "/api/v1/tokens/{id}") { request, identity in
      try await accounts.revokeToken(request.parameter("id"), of: identity)
      return .noContent
    }
  }

  private func logIn(_ request: Request) async throws -> Response {
    let credentials: Credentials = try request.decoded()
    let peer = PeerAddress.of(request, isBehindProxy: services.settings.isBehindTLSProxy)
    let (secret, session) = try await accounts.logIn(
      name: credentials.name, password: credentials.password, peer: peer,
      agent: request.header("User-Agent") ?? "")
    services.log.info("logged in", ("user", session.userName), ("peer", peer))
    let (name, value) = cookie.set(secret, for: services.settings.sessionLifetime)
    return try await me(
      Identity(user: session.user, userName: session.userName, session: session.id)
    )
    .with(name, value)
  }

  private func me(_ identity: Identity) async throws -> Response {
    try .json(
      Me(
        name: identity.userName,
        hasFirstPassword: try await accounts.hasFirstPassword(identity)))
  }

  private func logOut(_ identity: Identity) async throws -> Response {
    if let session = identity.session {
      try await accounts.endSession(session, of: identity)
    }
    let (name, value) = cookie.cleared
    return .noContent.with(name, value)
  }

  private func changePassword(_ request: Request, _ identity: Identity) async throws -> Response {
    guard identity.session != nil else {
      throw Problem(403, "session_only", "A token cannot change the password; log in for that.")
    }
    let passwords: Passwords = try request.decoded()
    try await accounts.changePassword(
      of: identity, from: passwords.password, to: passwords.newPassword,
      peer: PeerAddress.of(request, isBehindProxy: services.settings.isBehindTLSProxy))
    services.log.info("changed the password", ("user", identity.userName))
    return .noContent
  }

  private func makeToken(_ request: Request, _ identity: Identity) async throws -> Response {
    let input: TokenName = try request.decoded()
    guard !input.name.isEmpty, input.name.count <= 100 else {
      throw Problem(
        422, "invalid", "The name must have 1 to 100 characters.", field: "name")
    }
    // A stolen token must not make itself others that outlive it.
    guard identity.session != nil else {
      throw Problem(403, "session_only", "A token cannot make tokens; log in for that.")
    }
    let (secret, token) = try await accounts.makeToken(named: input.name, for: identity)
    return try .json(TokenView(token, secret: secret), status: 201)
  }
}
