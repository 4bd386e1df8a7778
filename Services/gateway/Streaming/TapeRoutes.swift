import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/streams/{id}/tape`, `/ledger` and `/link`: what of a tape is there, its account, and links to
/// it for others.
struct TapeRoutes {
  private struct LinkInput: Decodable {
    var days: Int?
  }

  private struct Link: Encodable {
    let stream: StreamID
    let key: String
    let expires: Instant
    /// Addresses on this gateway, without its origin.
    let live: String
    let listen: String
    /// With `{timestamp}` and `{duration}` to be put in.
    let span: String
  }

  private static let longestSpan = Duration.seconds(92 * 86_400)

  let streaming: StreamingService

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/streams/{id}/tape") { request, _ in try await account(request) }
    router.add("GET", "/api/v1/streams/{id}/ledger") { request, _ in try await ledger(request) }
    router.add("POST", "/api/v1/streams/{id}/link") { request, _ in try await link(request) }
  }

  /// The last day where nothing else is asked for.
  private func account(_ request: Request) async throws -> Response {
    let stream: StreamID = try request.identifier()
    let now = streaming.time.now()
    let (from, to) = try span(of: request, now)
    let reading = await streaming.reader.read(stream, from: from, to: min(to, now + .seconds(60)))
    let segments = TapeMerge(reading.answers).segments
    var account = TapeAccount(segments, reading.answers, from: from, to: to)
    // An answer rather than an error: a page that asks every few seconds while a recorder is being
    // started again would fill the browser's console.
    if reading.isPartial {
      account.problem =
        reading.isEmpty
        ? "No recorder answers now; see whether they are running."
        : "Not every recorder answers now; what only the silent ones have is not shown."
    }
    return try .json(account)
  }

  private func ledger(_ request: Request) async throws -> Response {
    let stream: StreamID = try request.identifier()
    let now = streaming.time.now()
    let (from, to) = try span(of: request, now)
    return try .json(await streaming.reader.ledger(of: stream, from: from, to: min(to, now)))
  }

  private func span(
    of request: Request, _ now: Instant
  ) throws -> (from: Instant, to: Instant) {
    let to = try request.instant("to") ?? now
    let from = try request.instant("from") ?? to - .seconds(86_400)
    guard from < to, to - from <= TapeRoutes.longestSpan else {
      throw Problem(
        422, "invalid", "from must be before to, and at most 92 days before it.", field: "from")
    }
    return (from, to)
  }

  private func link(_ request: Request) async throws -> Response {
    let stream: StreamID = try request.identifier()
    let input = request.body.isEmpty ? LinkInput() : try request.decoded(as: LinkInput.self)
    let days = input.days ?? 30
    guard (1...3660).contains(days) else {
      throw Problem(422, "invalid", "days must be from 1 to 3660.", field: "days")
    }
    let known = try await streaming.database.read { try StreamCatalog.find(stream, $0) }
    guard known != nil else { throw Problem.notFound }
    let expires = streaming.time.now() + .seconds(Int64(days) * 86_400)
    let key = try await streaming.links.key(for: stream, until: expires)
    return try .json(
      Link(
        stream: stream, key: key, expires: Instant(seconds: expires.seconds),
        live: "/live/\(stream)/stream.m3u8?key=\(key)", listen: "/listen/\(stream)?key=\(key)",
        span: "/live/\(stream)/start/{timestamp}/{duration}/vod.m3u8?key=\(key)"),
      status: 201)
  }
}
