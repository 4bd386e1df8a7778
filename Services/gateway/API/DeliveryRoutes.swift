import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/deliveries`
struct DeliveryRoutes {
  private struct List: Encodable {
    let deliveries: [Delivery]
  }

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
    var state: DeliveryState?
    if let text = request.query("state"), !text.isEmpty {
      state = DeliveryState(rawValue: text)
      if state == nil {
        throw Problem(422, "invalid", "There is no state '\(text)'.", field: "state")
      }
    }
    let recording: JobID? = try request.identifier(query: "recording")
    let limit = try request.number("limit", default: 100, in: 1...1000)
    let found = try await services.database.read { [state] in
      try DeliveryCatalog.deliveries(state: state, recording: recording, limit: limit, $0)
    }
    return try .json(List(deliveries: found))
  }

  private func known(_ request: Request) async throws -> Delivery {
    let id: DeliveryID = try request.identifier()
    guard let found = try await services.database.read({ try DeliveryCatalog.delivery(id, $0) })
    else { throw Problem.notFound }
    return found
  }
}
