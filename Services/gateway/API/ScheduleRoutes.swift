import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/schedules`
struct ScheduleRoutes {
  struct Input: Decodable {
    var id: ScheduleID?
    var name: String
    var stream: StreamID
    var rule: ScheduleRule
    var durationSeconds: Int
    var paddingBeforeSeconds: Int?
    var paddingAfterSeconds: Int?
    var isEnabled: Bool?
    var format: RecordingFormat?
    var tags: RecordingTags?
    var destinations: [DestinationID]?
    var finishing: FinishOptions?
    var priority: Int?
    var validFrom: Instant?
    var validUntil: Instant?
    var exceptDates: [String]?
    var exceptHolidays: HolidaysID?
    var catchesUp: Bool?
  }

  private struct List: Encodable {
    let schedules: [ScheduleView]
  }

  private struct Preview: Encodable {
    let next: [Instant]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/schedules") { _, _ in try await list() }
    router.add("POST", "/api/v1/schedules") { try await create($0, $1) }
    router.add("GET", "/api/v1/schedules/{id}") { request, _ in
      try .json(try await known(request))
    }
    router.add("GET", "/api/v1/schedules/{id}/next") { request, _ in
      try .json(Preview(next: try await known(request).next))
    }
    router.add("PUT", "/api/v1/schedules/{id}") { try await replace($0, $1) }
    router.add("DELETE", "/api/v1/schedules/{id}") { try await remove($0, $1) }
  }

  private func list() async throws -> Response {
    let changes = try await services.database.read(ScheduleCatalog.all)
    return try .json(List(schedules: changes.compactMap(ScheduleView.init)))
  }

  private func known(_ request: Request) async throws -> ScheduleView {
    let id: ScheduleID = try request.identifier()
    let change = try await services.database.read { try ScheduleCatalog.find(id, $0) }
    guard let view = change.flatMap(ScheduleView.init) else { throw Problem.notFound }
    return view
  }

  private func create(_ request: Request, _ identity: Identity) async throws -> Response {
    let input: Input = try request.decoded()
    let taken = try await services.database.read(ScheduleCatalog.all).map(\.id)
    let schedule = definition(
      input, id: input.id ?? Slug.make(from: input.name, taken: Set(taken)))
    let answer = try await services.desk.give(
      PutSchedule(schedule: schedule, mustBeNew: true), about: schedule.id.text,
      to: services.settings.scheduler, by: identity)
    return try answer.response(
      status: 201, location: "/api/v1/schedules/\(schedule.id)",
      body: StoredJSON.bytes(schedule))
  }

  private func replace(_ request: Request, _ identity: Identity) async throws -> Response {
    let known = try await known(request).schedule
    let schedule = definition(try request.decoded(), id: known.id)
    let answer = try await services.desk.give(
      PutSchedule(schedule: schedule, mustBeNew: false), about: schedule.id.text,
      to: services.settings.scheduler, by: identity)
    return try answer.response(body: StoredJSON.bytes(schedule))
  }

  private func remove(_ request: Request, _ identity: Identity) async throws -> Response {
    let id: ScheduleID = try request.identifier()
    return try await services.desk.give(
      RemoveSchedule(schedule: id), about: id.text, to: services.settings.scheduler, by: identity
    ).response()
  }

  func definition(_ input: Input, id: ScheduleID) -> ScheduleDefinition {
    ScheduleDefinition(
      id: id, name: input.name, stream: input.stream, rule: input.rule,
      durationSeconds: input.durationSeconds,
      paddingBeforeSeconds: input.paddingBeforeSeconds ?? 0,
      paddingAfterSeconds: input.paddingAfterSeconds ?? 0, isEnabled: input.isEnabled ?? true,
      format: input.format ?? .source, tags: input.tags ?? RecordingTags(),
      destinations: input.destinations ?? [], finishing: input.finishing,
      priority: input.priority, validFrom: input.validFrom, validUntil: input.validUntil,
      exceptDates: input.exceptDates, exceptHolidays: input.exceptHolidays,
      catchesUp: input.catchesUp)
  }
}
