import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/holidays`: calendars of dates on which schedules that name them start nothing.
struct HolidayRoutes {
  private struct Input: Decodable {
    var name: String
    var dates: [String]
  }

  private struct List: Encodable {
    let holidays: [Holidays]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/holidays") { _, _ in
      try .json(List(holidays: try await services.database.read(HolidayCatalog.all)))
    }
    router.add("POST", "/api/v1/holidays") { request, identity in
      let input: Input = try request.decoded()
      let taken = try await services.database.read(HolidayCatalog.all).map(\.id)
      return try await put(
        input, id: Slug.make(from: input.name, taken: Set(taken)), isNew: true, identity)
    }
    router.add("GET", "/api/v1/holidays/{id}") { request, _ in
      let id: HolidaysID = try request.identifier()
      guard let found = try await services.database.read({ try HolidayCatalog.find(id, $0) })
      else { throw Problem.notFound }
      return try .json(found)
    }
    router.add("PUT", "/api/v1/holidays/{id}") { request, identity in
      try await put(
        try request.decoded(), id: try request.identifier(), isNew: false, identity)
    }
    router.add("DELETE", "/api/v1/holidays/{id}") { request, identity in
      let id: HolidaysID = try request.identifier()
      return try await services.desk.give(
        RemoveHolidays(holidays: id), about: id.text, to: services.settings.scheduler,
        by: identity
      ).response()
    }
  }

  private func put(
    _ input: Input, id: HolidaysID, isNew: Bool, _ identity: Identity
  ) async throws -> Response {
    let holidays = Holidays(id: id, name: input.name, dates: input.dates)
    let answer = try await services.desk.give(
      PutHolidays(holidays: holidays), about: id.text, to: services.settings.scheduler,
      by: identity)
    return try answer.response(
      status: isNew ? 201 : 200, location: isNew ? "/api/v1/holidays/\(id)" : nil,
      body: StoredJSON.bytes(holidays))
  }
}
