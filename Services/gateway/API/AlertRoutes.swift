import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/alerts` and `/api/v1/mail`: what people should hear of, and whether the mails go out.
struct AlertRoutes {
  private enum Which: String {
    case open, past
  }

  private struct List: Encodable {
    let alerts: [Alert]
    let next: String?
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/alerts") { request, _ in try await list(request) }
    router.add("POST", "/api/v1/alerts/{id}/retry") { request, identity in
      let id = try await known(request).id
      return try await give(RetryAlert(alert: id), id.text, identity)
    }
    router.add("POST", "/api/v1/alerts/{id}/dismiss") { request, identity in
      let id = try await known(request).id
      return try await give(DismissAlert(alert: id), id.text, identity)
    }
    router.add("GET", "/api/v1/mail") { _, _ in
      let mailer = try await services.database.read(AlertCatalog.mailer)
      return try .json(mailer ?? MailerChanged(recipients: []))
    }
    router.add("POST", "/api/v1/mail/test") { _, identity in
      try await give(TestMail(), "test", identity)
    }
  }

  private func list(_ request: Request) async throws -> Response {
    let which = try request.state(Which.self)
    let after = try request.timeCursor()
    let limit = try request.number("limit", default: 100, in: 1...1000)
    var found = try await services.database.read { [isOpen = which.map { $0 == .open }] in
      try AlertCatalog.select(isOpen: isOpen, after: after, limit: limit + 1, $0)
    }
    let next = found.cut(to: limit) { Cursor(at: $0.raisedAt, id: $0.id) }
    return try .json(List(alerts: found, next: next))
  }

  private func known(_ request: Request) async throws -> Alert {
    let id: AlertID = try request.identifier()
    guard let found = try await services.database.read({ try AlertCatalog.find(id, $0) })
    else { throw Problem.notFound }
    return found
  }

  private func give(
    _ command: some CommandMessage, _ subject: String, _ identity: Identity
  ) async throws -> Response {
    try await services.desk.give(
      command, about: subject, to: services.settings.delivery, by: identity
    ).response()
  }
}
