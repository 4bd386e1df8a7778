import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/streams/{id}/lock` and `/locks`: spans of a tape that stay, whatever its bounds say.
struct LockRoutes {
  private struct Input: Decodable {
    var start: Instant
    var end: Instant
    var reason: String?
    /// nil is true.
    var locked: Bool?
  }

  private struct List: Encodable {
    let locks: [TapeLock]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/streams/{id}/locks") { request, _ in
      let id = try await known(request)
      return try .json(
        List(locks: try await services.database.read { try LockCatalog.locks(of: id, $0) }))
    }
    router.add("POST", "/api/v1/streams/{id}/lock") { try await lock($0, $1) }
  }

  private func lock(_ request: Request, _ identity: Identity) async throws -> Response {
    let id = try await known(request)
    let input: Input = try request.decoded()
    guard input.start < input.end else {
      throw Problem(422, "invalid", "The end must be after the start.", field: "end")
    }
    let reason = input.reason.flatMap { $0.isEmpty ? nil : $0 }
    let lock = TapeLock(
      stream: id, start: input.start, end: input.end,
      reason: reason ?? "locked by \(identity.userName)")
    return try await services.desk.give(
      LockTape(lock: lock, isLocked: input.locked ?? true), about: id.text,
      to: services.settings.scheduler, by: identity
    ).response()
  }

  private func known(_ request: Request) async throws -> StreamID {
    let id: StreamID = try request.identifier()
    let stream = try await services.database.read { try StreamCatalog.find(id, $0) }
    guard stream != nil else { throw Problem.notFound }
    return id
  }
}
