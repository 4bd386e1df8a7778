import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/destinations`
struct DestinationRoutes {
  private struct Input: Decodable {
    var id: DestinationID?
    var name: String
    var host: String
    var port: Int?
    var user: String
    var folder: String
    var hostKey: String?
    var isEnabled: Bool?
  }

  private struct List: Encodable {
    /// What servers must have in `authorized_keys`.
    let publicKey: String?
    let destinations: [DestinationView]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/destinations") { _, _ in try await list() }
    router.add("POST", "/api/v1/destinations") { try await create($0, $1) }
    router.add("GET", "/api/v1/destinations/{id}") { request, _ in
      try .json(try await known(request))
    }
    router.add("PUT", "/api/v1/destinations/{id}") { try await replace($0, $1) }
    router.add("DELETE", "/api/v1/destinations/{id}") { try await remove($0, $1) }
    router.add("POST", "/api/v1/destinations/{id}/test") { try await test($0, $1) }
  }

  private func list() async throws -> Response {
    let (key, changes) = try await services.database.read { transaction in
      (
        try DeliveryCatalog.publicKey(transaction), try DeliveryCatalog.destinations(transaction)
      )
    }
    return try .json(
      List(publicKey: key, destinations: changes.compactMap(DestinationView.init)))
  }

  private func known(_ request: Request) async throws -> DestinationView {
    let id: DestinationID = try request.identifier()
    let change = try await services.database.read { try DeliveryCatalog.destination(id, $0) }
    guard let view = change.flatMap(DestinationView.init) else { throw Problem.notFound }
    return view
  }

  private func create(_ request: Request, _ identity: Identity) async throws -> Response {
    let input: Input = try request.decoded()
    let taken = try await services.database.read(DeliveryCatalog.destinations).map(\.id)
    let destination = definition(
      input, id: input.id ?? Slug.make(from: input.name, taken: Set(taken)))
    let answer = try await services.desk.give(
      PutDestination(destination: destination, mustBeNew: true), about: destination.id.text,
      to: services.settings.delivery, by: identity)
    return try answer.response(
      status: 201, location: "/api/v1/destinations/\(destination.id)",
      body: StoredJSON.bytes(destination))
  }

  private func replace(_ request: Request, _ identity: Identity) async throws -> Response {
    let known = try await known(request).destination
    let destination = definition(try request.decoded(), id: known.id)
    let answer = try await services.desk.give(
      PutDestination(destination: destination, mustBeNew: false), about: destination.id.text,
      to: services.settings.delivery, by: identity)
    return try answer.response(body: StoredJSON.bytes(destination))
  }

  private func remove(_ request: Request, _ identity: Identity) async throws -> Response {
    let id: DestinationID = try request.identifier()
    return try await services.desk.give(
      RemoveDestination(destination: id), about: id.text, to: services.settings.delivery,
      by: identity
    ).response()
  }

  private func test(_ request: Request, _ identity: Identity) async throws -> Response {
    let id = try await known(request).destination.id
    return try await services.desk.give(
      TestDestination(destination: id), about: id.text, to: services.settings.delivery,
      by: identity
    ).response()
  }

  private func definition(_ input: Input, id: DestinationID) -> Destination {
    Destination(
      id: id, name: input.name, host: input.host, port: input.port ?? 22, user: input.user,
      folder: input.folder, hostKey: input.hostKey.flatMap { $0.isEmpty ? nil : $0 },
      isEnabled: input.isEnabled ?? true)
  }
}
