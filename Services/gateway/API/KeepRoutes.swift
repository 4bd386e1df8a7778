import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/streams/{id}/keep` and `/record`: recordings that no schedule asks for, out of what the
/// tape has already and of what comes.
struct KeepRoutes {
  private struct Input: Decodable {
    /// The last so many minutes, or the next; in place of `start` and `end`.
    var minutes: Double?
    var start: Instant?
    var end: Instant?
    var title: String?
    var format: RecordingFormat?
    var tags: RecordingTags?
    var finishing: FinishOptions?
    var destinations: [DestinationID]?
  }

  private static let longestMinutes = 7 * 24 * 60.0

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("POST", "/api/v1/streams/{id}/keep") { request, identity in
      let input: Input = try request.decoded()
      return try await keep(try span(kept: input), input, request, identity)
    }
    router.add("POST", "/api/v1/streams/{id}/record") { request, identity in
      let input: Input = try request.decoded()
      let start = services.time.now()
      let end = start + (try KeepRoutes.length(input.minutes))
      return try await keep((start, end), input, request, identity)
    }
  }

  private func span(kept input: Input) throws(Problem) -> (start: Instant, end: Instant) {
    if let start = input.start, let end = input.end {
      guard start < end else {
        throw Problem(422, "invalid", "The end must be after the start.", field: "end")
      }
      return (start, end)
    }
    let now = services.time.now()
    return (now - (try KeepRoutes.length(input.minutes)), now)
  }

  private static func length(_ minutes: Double?) throws(Problem) -> Duration {
    guard let minutes, minutes > 0, minutes <= longestMinutes else {
      throw Problem(
        422, "invalid", "Say for how many minutes, from 1 to \(Int(longestMinutes)).",
        field: "minutes")
    }
    return .seconds(Int64((minutes * 60).rounded()))
  }

  private func keep(
    _ span: (start: Instant, end: Instant), _ input: Input, _ request: Request,
    _ identity: Identity
  ) async throws -> Response {
    let id: StreamID = try request.identifier()
    guard let known = try await services.database.read({ try StreamCatalog.find(id, $0) }) else {
      throw Problem.notFound
    }
    let title = input.title.flatMap { $0.isEmpty ? nil : $0 } ?? known.stream.name
    let command = KeepTape(
      stream: id, title: title, start: span.start, end: span.end,
      format: input.format ?? .source, tags: input.tags ?? RecordingTags(),
      finishing: input.finishing, destinations: input.destinations ?? [])
    return try await services.desk.give(
      command, about: id.text, to: services.settings.scheduler, by: identity
    ).response()
  }
}
