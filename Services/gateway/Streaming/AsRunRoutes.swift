import Base
import HTTPServer
import Messages

/// `/api/v1/streams/{id}/titles`: what a stream announced, from all recorders that have its tape.
struct AsRunRoutes {
  private struct Account: Encodable {
    let stream: StreamID
    let from: Instant
    let to: Instant
    let titles: [AsRunTitles.Entry]
    /// Why there may be more.
    let problem: String?
  }

  private static let longestSpan = Duration.seconds(92 * 86_400)

  let streaming: StreamingService

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/streams/{id}/titles") { request, _ in try await titles(request) }
  }

  /// The last day where nothing else is asked for; as CSV with `format=csv`.
  private func titles(_ request: Request) async throws -> Response {
    let stream: StreamID = try request.identifier()
    let now = streaming.time.now()
    let to = try request.instant("to") ?? now
    let from = try request.instant("from") ?? to - .seconds(86_400)
    guard from < to, to - from <= AsRunRoutes.longestSpan else {
      throw Problem(
        422, "invalid", "from must be before to, and at most 92 days before it.", field: "from")
    }
    let wantsTable = request.query("format") == "csv"
    guard wantsTable || (request.query("format") ?? "json") == "json" else {
      throw Problem(422, "invalid", "The format is json or csv.", field: "format")
    }
    let reading = await streaming.titles.read(stream, from: from, to: to)
    let titles = AsRunTitles(reading.answers, from: from, to: to).entries
    guard wantsTable else {
      // An answer rather than an error: decision 25.
      let problem =
        reading.answers.isEmpty
        ? "No recorder answers now; see whether they are running."
        : "A recorder does not answer; it may have heard more."
      return try .json(
        Account(
          stream: stream, from: from, to: to, titles: titles,
          problem: reading.isPartial ? problem : nil))
    }
    return .text(AsRunTitles.table(titles), contentType: "text/csv; charset=utf-8")
      .with(
        "Content-Disposition",
        ContentDisposition.value("attachment", fileName: "\(stream) as run.csv"))
  }
}
