import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/streams`
struct StreamRoutes {
  struct Input: Decodable {
    var id: StreamID?
    var name: String
    var urls: [String]
    var source: SourceKind?
    var userAgent: String?
    var headers: [String: String]?
    var maximumHeight: Int?
    var maximumBitsPerSecond: Int?
    var soundLanguage: String?
    var quality: String?
    var inputFormat: String?
    var tags: [String]?
    var isDoubled: Bool?
    var retention: TapeRetention?
  }

  private struct List: Encodable {
    let streams: [StreamView]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/streams") { _, _ in try await list() }
    router.add("POST", "/api/v1/streams") { try await create($0, $1) }
    router.add("GET", "/api/v1/streams/{id}") { request, _ in try .json(try await known(request)) }
    router.add("PUT", "/api/v1/streams/{id}") { try await replace($0, $1) }
    router.add("DELETE", "/api/v1/streams/{id}") { try await remove($0, $1) }
  }

  private func list() async throws -> Response {
    try .json(List(streams: try await services.database.read(StreamCatalog.all)))
  }

  private func known(_ request: Request) async throws -> StreamView {
    let id: StreamID = try request.identifier()
    guard let view = try await services.database.read({ try StreamCatalog.find(id, $0) }) else {
      throw Problem.notFound
    }
    return view
  }

  private func create(_ request: Request, _ identity: Identity) async throws -> Response {
    let input: Input = try request.decoded()
    let taken = try await services.database.read(StreamCatalog.all).map(\.stream.id)
    let stream = definition(
      input, id: input.id ?? Slug.make(from: input.name, taken: Set(taken)))
    let answer = try await services.desk.give(
      PutStream(stream: stream, mustBeNew: true), about: stream.id.text,
      to: services.settings.scheduler, by: identity)
    return try answer.response(
      status: 201, location: "/api/v1/streams/\(stream.id)",
      body: StoredJSON.bytes(stream.withoutSecrets))
  }

  private func replace(_ request: Request, _ identity: Identity) async throws -> Response {
    let known = try await known(request).stream
    let stream = definition(try request.decoded(), id: known.id).restoringSecrets(from: known)
    let answer = try await services.desk.give(
      PutStream(stream: stream, mustBeNew: false), about: stream.id.text,
      to: services.settings.scheduler, by: identity)
    return try answer.response(body: StoredJSON.bytes(stream.withoutSecrets))
  }

  private func remove(_ request: Request, _ identity: Identity) async throws -> Response {
    let id: StreamID = try request.identifier()
    return try await services.desk.give(
      RemoveStream(stream: id), about: id.text, to: services.settings.scheduler, by: identity
    ).response()
  }

  func definition(_ input: Input, id: StreamID) -> StreamDefinition {
    StreamDefinition(
      id: id, name: input.name, urls: input.urls, source: input.source,
      userAgent: input.userAgent, headers: input.headers ?? [:],
      maximumHeight: input.maximumHeight, maximumBitsPerSecond: input.maximumBitsPerSecond,
      soundLanguage: input.soundLanguage, quality: input.quality,
      inputFormat: input.inputFormat, tags: input.tags,
      isDoubled: input.isDoubled, retention: input.retention)
  }
}
