import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/feeds`: which podcasts are archived.
struct FeedRoutes {
  private struct Input: Decodable {
    var id: FeedID?
    var url: String
    var name: String?
    var isEnabled: Bool?
    var newest: Int?
    var destinations: [DestinationID]?
  }

  private struct List: Encodable {
    let feeds: [FeedView]
    let next: String?
    /// Of all feeds, whatever was looked for.
    let totals: FeedTotals
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/feeds") { request, _ in try await list(request) }
    router.add("POST", "/api/v1/feeds") { try await create($0, $1) }
    router.add("GET", "/api/v1/feeds/{id}") { request, _ in
      try .json(FeedView(try await known(request)))
    }
    router.add("PUT", "/api/v1/feeds/{id}") { try await replace($0, $1) }
    router.add("DELETE", "/api/v1/feeds/{id}") { request, identity in
      let id: FeedID = try request.identifier()
      return try await give(RemoveFeed(feed: id), id, identity).response()
    }
    router.add("POST", "/api/v1/feeds/{id}/refresh") { request, identity in
      let id = try await known(request).id
      return try await give(RefreshFeed(feed: id), id, identity).response()
    }
  }

  private func list(_ request: Request) async throws -> Response {
    let search = request.query("search") ?? ""
    let state = try request.state(FeedState.self)
    let after = try request.cursor()
    let limit = try request.number("limit", default: 100, in: 1...1000)
    let (page, totals) = try await services.database.read {
      (
        try FeedCatalog.page(search: search, state: state, after: after, limit: limit, $0),
        try FeedCatalog.totals($0)
      )
    }
    return try .json(
      List(feeds: page.feeds.compactMap(FeedView.init), next: page.next?.text, totals: totals))
  }

  private func known(_ request: Request) async throws -> FeedChanged {
    let id: FeedID = try request.identifier()
    let found = try await services.database.read { try FeedCatalog.find(id, $0) }
    guard let found, found.feed != nil else { throw Problem.notFound }
    return found
  }

  private func create(_ request: Request, _ identity: Identity) async throws -> Response {
    let input: Input = try request.decoded()
    var id = input.id
    if id == nil {
      let taken = try await services.database.read(FeedCatalog.identifiers)
      let name = input.name.flatMap { $0.isEmpty ? nil : $0 }
      id = Slug.make(from: name ?? FeedRoutes.plain(input.url), taken: taken)
    }
    let feed = definition(input, id: id ?? .random())
    let answer = try await give(PutFeed(feed: feed, mustBeNew: true), feed.id, identity)
    return try answer.response(
      status: 201, location: "/api/v1/feeds/\(feed.id)",
      body: StoredJSON.bytes(feed.withoutSecrets))
  }

  private func replace(_ request: Request, _ identity: Identity) async throws -> Response {
    guard let known = try await known(request).feed else { throw Problem.notFound }
    let feed = definition(try request.decoded(), id: known.id).restoringSecrets(from: known)
    let answer = try await give(PutFeed(feed: feed, mustBeNew: false), feed.id, identity)
    return try answer.response(body: StoredJSON.bytes(feed.withoutSecrets))
  }

  private func give(
    _ command: some CommandMessage, _ id: FeedID, _ identity: Identity
  ) async throws -> CommandDesk.Answer {
    try await services.desk.give(
      command, about: id.text, to: services.settings.feeder, by: identity)
  }

  private func definition(_ input: Input, id: FeedID) -> FeedDefinition {
    FeedDefinition(
      id: id, url: input.url, name: input.name.flatMap { $0.isEmpty ? nil : $0 },
      isEnabled: input.isEnabled ?? true, newest: input.newest,
      destinations: input.destinations ?? [])
  }

  /// What of an address may be in an id: neither passwords nor keys.
  private static func plain(_ url: String) -> String {
    let redacted = Redactor.redact(url)
    let rest = redacted.firstRange(of: "://").map { redacted[$0.upperBound...] } ?? redacted[...]
    return String(rest.prefix { $0 != "?" && $0 != "#" })
  }
}
