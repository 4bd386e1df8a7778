import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/episodes`, and those of one feed.
struct EpisodeRoutes {
  private struct List: Encodable {
    let episodes: [Episode]
    let next: String?
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/episodes") { request, _ in try await list(request) }
    router.add("GET", "/api/v1/feeds/{id}/episodes") { request, _ in
      try await listOfFeed(request)
    }
    router.add("GET", "/api/v1/episodes/{id}") { request, _ in
      try .json(try await known(request).withoutSecrets)
    }
    router.add("GET", "/api/v1/episodes/{id}/media") { request, _ in
      guard let file = try await known(request).file else {
        throw Problem(404, "no_file", "This episode is not in the archive yet.")
      }
      return try MediaFile(services.settings).response(file, to: request)
    }
    router.add("POST", "/api/v1/episodes/{id}/fetch") { request, identity in
      let id: EpisodeID = try request.identifier()
      return try await services.desk.give(
        FetchEpisode(episode: id), about: id.text, to: services.settings.feeder, by: identity
      ).response()
    }
  }

  private func list(_ request: Request) async throws -> Response {
    let state = try request.state(EpisodeState.self)
    let after = try request.timeCursor()
    let limit = try request.number("limit", default: 100, in: 1...1000)
    var found = try await services.database.read {
      try EpisodeCatalog.select(state: state, after: after, limit: limit + 1, $0)
    }
    let next = found.cut(to: limit) { Cursor(at: $0.updatedAt, id: $0.id) }
    return try .json(List(episodes: found.map(\.withoutSecrets), next: next))
  }

  private func listOfFeed(_ request: Request) async throws -> Response {
    let feed: FeedID = try request.identifier()
    let state = try request.state(EpisodeState.self)
    let after = try request.timeCursor()
    let limit = try request.number("limit", default: 100, in: 1...1000)
    let (isKnown, episodes) = try await services.database.read {
      (
        try FeedCatalog.find(feed, $0) != nil,
        try EpisodeCatalog.select(of: feed, state: state, after: after, limit: limit + 1, $0)
      )
    }
    guard isKnown else { throw Problem.notFound }
    var found = episodes
    let next = found.cut(to: limit) { $0.publishedCursor }
    return try .json(List(episodes: found.map(\.withoutSecrets), next: next))
  }

  private func known(_ request: Request) async throws -> Episode {
    let id: EpisodeID = try request.identifier()
    guard let found = try await services.database.read({ try EpisodeCatalog.find(id, $0) })
    else { throw Problem.notFound }
    return found
  }
}
