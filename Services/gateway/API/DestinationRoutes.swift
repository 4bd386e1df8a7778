import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/destinations`
struct DestinationRoutes {
  private struct Input: Decodable {
    var id: DestinationID?
    var kind: Destination.Kind?
    var name: String
    var host: String
    var port: Int?
    var user: String
    var folder: String
    var bucket: S3Bucket?
    /// Of the access key (S3). Sealed before it is kept or passed on, and never given out.
    var secret: String?
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
    let secret = try await sealed(input.secret)
    let answer = try await services.desk.give(
      PutDestination(destination: destination, mustBeNew: true, sealedSecret: secret),
      about: destination.id.text, to: services.settings.delivery, by: identity)
    return try answer.response(
      status: 201, location: "/api/v1/destinations/\(destination.id)",
      body: StoredJSON.bytes(destination))
  }

  private func replace(_ request: Request, _ identity: Identity) async throws -> Response {
    let known = try await known(request).destination
    let input: Input = try request.decoded()
    let destination = definition(input, id: known.id)
    let secret = try await sealed(input.secret)
    let answer = try await services.desk.give(
      PutDestination(destination: destination, mustBeNew: false, sealedSecret: secret),
      about: destination.id.text, to: services.settings.delivery, by: identity)
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
    let kind = input.kind ?? .sftp
    let standardPort =
      switch kind {
      case .sftp: 22
      case .s3: input.bucket?.isTLS ?? true ? 443 : 80
      }
    return Destination(
      id: id, name: input.name, kind: kind, host: input.host, port: input.port ?? standardPort,
      user: input.user, folder: input.folder, bucket: kind == .s3 ? input.bucket : nil,
      hostKey: input.hostKey.flatMap { $0.isEmpty ? nil : $0 },
      isEnabled: input.isEnabled ?? true)
  }

  /// nil and an empty text keep the secret that is known.
  private func sealed(_ secret: String?) async throws -> String? {
    guard let secret, !secret.isEmpty else { return nil }
    guard secret.utf8.count <= 1000 else {
      throw Problem(422, "invalid", "A secret has at most 1,000 bytes.", field: "secret")
    }
    let key = try await services.database.read(DeliveryCatalog.sealingKey)
    guard let key, let sealed = SecretSealer.seal(secret, for: key) else {
      throw Problem(
        503, "not_ready",
        "The delivery service has not yet said how secrets are locked for it: see that it runs, "
          + "then try again.")
    }
    return sealed
  }
}
