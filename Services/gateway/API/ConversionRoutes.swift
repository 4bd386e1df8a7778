import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/conversions`
struct ConversionRoutes {
  private struct List: Encodable {
    let conversions: [Conversion]
    let next: String?
    /// Of each state.
    let counts: [String: Int]
  }

  let services: GatewayServices

  private var media: MediaFile { MediaFile(services.settings) }

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/conversions") { request, _ in try await list(request) }
    router.add("GET", "/api/v1/conversions/{id}") { request, _ in
      try .json(try await known(request))
    }
    router.add("GET", "/api/v1/conversions/{id}/media") { request, _ in
      guard let file = try await known(request).file else {
        throw Problem(404, "no_file", "This drop is not converted yet.")
      }
      return try media.response(file, to: request)
    }
    router.add("GET", "/api/v1/conversions/{id}/captions") { request, _ in
      try await captions(request)
    }
    router.add("GET", "/api/v1/conversions/{id}/log") { request, _ in
      let id: JobID = try request.identifier()
      return .file(
        "\(services.settings.home)/logs/conversions/\(id).log",
        contentType: "text/plain; charset=utf-8")
    }
    router.add("POST", "/api/v1/conversions/{id}/retry") { request, identity in
      let id = try await known(request).id
      return try await give(RetryConversion(conversion: id), id, identity)
    }
    router.add("POST", "/api/v1/conversions/{id}/cancel") { request, identity in
      let id = try await known(request).id
      return try await give(CancelConversion(conversion: id), id, identity)
    }
  }

  private func list(_ request: Request) async throws -> Response {
    let states = try request.states(ConversionState.self)
    let after = try request.timeCursor()
    let limit = try request.number("limit", default: 100, in: 1...1000)
    var (found, counts) = try await services.database.read {
      (
        try ConversionCatalog.select(states: states, after: after, limit: limit + 1, $0),
        try ConversionCatalog.counts($0)
      )
    }
    let next = found.cut(to: limit) { Cursor(at: $0.updatedAt, id: $0.id) }
    return try .json(List(conversions: found, next: next, counts: counts))
  }

  private func known(_ request: Request) async throws -> Conversion {
    let id: JobID = try request.identifier()
    guard let found = try await services.database.read({ try ConversionCatalog.find(id, $0) })
    else { throw Problem.notFound }
    return found
  }

  /// SubRip, as it was written.
  private func captions(_ request: Request) async throws -> Response {
    guard let stored = try await known(request).captions?.path else {
      throw Problem(404, "no_captions", "No captions were found in this drop.")
    }
    let path = try media.checked(stored)
    let name = String(path.split(separator: "/").last ?? "captions.srt")
    return Response.file(path, contentType: "application/x-subrip; charset=utf-8")
      .with("Content-Disposition", ContentDisposition.value("attachment", fileName: name))
      .with("Cache-Control", "private, no-cache")
  }

  private func give(
    _ command: some CommandMessage, _ id: JobID, _ identity: Identity
  ) async throws -> Response {
    try await services.desk.give(
      command, about: id.text, to: services.settings.scheduler, by: identity
    ).response()
  }
}
