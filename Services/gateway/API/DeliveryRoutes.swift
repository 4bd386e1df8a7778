import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/deliveries`
struct DeliveryRoutes {
  private struct List: Encodable {
    let deliveries: [Delivery]
    let next: String?
    /// Of each state.
    let counts: [String: Int]
  }

  private struct Many: Decodable {
    let state: DeliveryState
    let destination: DestinationID?
  }

  private struct Retried: Encodable {
    let retried: Int
    let message: String
  }

  private static let mostAtOnce = 1000

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/deliveries") { request, _ in try await list(request) }
    router.add("GET", "/api/v1/deliveries/{id}") { request, _ in
      try .json(try await known(request))
    }
    router.add("GET", "/api/v1/deliveries/{id}/log") { request, _ in
      let id: DeliveryID = try request.identifier()
      return .file(
        "\(services.settings.home)/logs/deliveries/\(id).log",
        contentType: "text/plain; charset=utf-8")
    }
    router.add("POST", "/api/v1/deliveries/retry") { try await retryAll($0, $1) }
    router.add("POST", "/api/v1/deliveries/{id}/retry") { request, identity in
      let id = try await known(request).id
      return try await services.desk.give(
        RetryDelivery(delivery: id), about: id.text, to: services.settings.delivery, by: identity
      ).response()
    }
    router.add("POST", "/api/v1/deliveries/{id}/discard") { request, identity in
      let id = try await known(request).id
      return try await services.desk.give(
        DiscardDelivery(delivery: id), about: id.text, to: services.settings.delivery,
        by: identity
      ).response()
    }
  }

  private func list(_ request: Request) async throws -> Response {
    let limit = try request.number("limit", default: 100, in: 1...1000)
    let filter = DeliveryCatalog.Filter(
      state: try request.state(DeliveryState.self),
      origin: try request.state(DeliveryOrigin.self, "origin"),
      destination: try request.identifier(query: "destination"),
      recording: try request.identifier(query: "recording"), after: try request.timeCursor(),
      limit: limit + 1)
    var (found, counts) = try await services.database.read {
      (try DeliveryCatalog.deliveries(filter, $0), try DeliveryCatalog.counts($0))
    }
    let next = found.cut(to: limit) { Cursor(at: $0.updatedAt, id: $0.id) }
    return try .json(List(deliveries: found, next: next, counts: counts))
  }

  /// Tries all of a state, to one destination or to all, again: one command for each, in one commit.
  private func retryAll(_ request: Request, _ identity: Identity) async throws -> Response {
    let wanted: Many = try request.decoded()
    guard wanted.state == .dead || wanted.state == .waiting else {
      throw Problem(
        422, "invalid", "Only dead and waiting deliveries can be tried again.", field: "state")
    }
    let filter = DeliveryCatalog.Filter(
      state: wanted.state, destination: wanted.destination, limit: DeliveryRoutes.mostAtOnce)
    let found = try await services.database.read { try DeliveryCatalog.deliveries(filter, $0) }
    try await services.desk.give(
      all: found.map { (RetryDelivery(delivery: $0.id), about: $0.id.text) },
      to: services.settings.delivery, by: identity)
    let message =
      found.count == 1 ? "1 delivery is tried again." : "\(found.count) deliveries are tried again."
    return try .json(Retried(retried: found.count, message: message))
  }

  private func known(_ request: Request) async throws -> Delivery {
    let id: DeliveryID = try request.identifier()
    guard let found = try await services.database.read({ try DeliveryCatalog.delivery(id, $0) })
    else { throw Problem.notFound }
    return found
  }
}
