import HTTPServer
import Storage

/// Who may call a route.
enum Access: Sendable {
  /// Anybody; each such route is named in a test.
  case open
  /// Whoever is logged in, or has a token.
  case member
  /// Members, and whoever has a signed link to the stream that is asked for.
  case listener
}

/// The route table with its gate: a handler is reached only by those who may, and there is no way to
/// add one without saying who that is.
struct GuardedRouter: Sendable {
  typealias Handler = @Sendable (Request, Identity) async throws -> Response

  private(set) var router = Router()
  /// For the test that holds the table against the description.
  private(set) var access: [String: Access] = [:]
  private let accounts: Accounts
  private let cookie: SessionCookie

  init(accounts: Accounts) {
    self.accounts = accounts
    cookie = SessionCookie(isSecure: accounts.settings.isBehindTLSProxy)
  }

  mutating func add(_ method: String, _ pattern: String, _ handler: @escaping Handler) {
    access["\(method) \(pattern)"] = .member
    router.add(method, pattern) { [accounts, cookie] request in
      try await Problem.telling {
        let identity = try await GuardedRouter.identify(request, accounts, cookie)
        return try await handler(request, identity)
      }
    }
  }

  mutating func addOpen(
    _ method: String, _ pattern: String, _ handler: @escaping Router.Handler
  ) {
    access["\(method) \(pattern)"] = .open
    router.add(method, pattern) { request in
      if let refusal = CrossSiteGuard.refusal(of: request, hasCookie: false) { throw refusal }
      return try await Problem.telling { try await handler(request) }
    }
  }

  /// `key` is the request's `?key=` for a signed link; `admit` throws unless it opens the stream
  /// that is asked for. The handler gets no identity then.
  mutating func addShared(
    _ method: String, _ pattern: String,
    admit: @escaping @Sendable (Request, _ key: String) async throws -> Void,
    _ handler: @escaping @Sendable (Request, Identity?) async throws -> Response
  ) {
    access["\(method) \(pattern)"] = .listener
    router.add(method, pattern) { [accounts, cookie] request in
      try await Problem.telling {
        if let key = request.query("key") {
          try await admit(request, key)
          return try await handler(request, nil)
        }
        let identity = try await GuardedRouter.identify(request, accounts, cookie)
        return try await handler(request, identity)
      }
    }
  }

  /// For a body that is larger than others before any of it is read: nil for whoever is logged in.
  @Sendable func refusal(of request: Request) async -> Response? {
    do {
      _ = try await GuardedRouter.identify(request, accounts, cookie)
      return nil
    } catch let problem as Problem {
      return problem.response
    } catch {
      // Whatever it is, the handler meets it too, says it and has it logged.
      return nil
    }
  }

  private static func identify(
    _ request: Request, _ accounts: Accounts, _ cookie: SessionCookie
  ) async throws -> Identity {
    if let authorization = request.header("Authorization"),
      authorization.lowercased().hasPrefix("bearer ")
    {
      guard let identity = try await accounts.identify(bearer: String(authorization.dropFirst(7)))
      else { throw Problem(401, "bad_token", "This token does not exist or was revoked.") }
      return identity
    }
    if let secret = cookie.secret(in: request),
      let identity = try await accounts.identify(cookie: secret)
    {
      if let refusal = CrossSiteGuard.refusal(of: request, hasCookie: true) { throw refusal }
      return identity
    }
    throw Problem(401, "not_logged_in", "Log in first.")
  }
}
