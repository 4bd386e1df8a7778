import Base
import HTTPServer
import Messages
import Storage

/// How an outcome is told over HTTP.
extension CommandDesk.Answer {
  private struct Accepted: Encodable {
    let command: String
    let message: String
  }

  private struct Done: Encodable {
    let message: String?
  }

  /// `done` is sent with `status` where the command was carried out and there is a body to show.
  func response(status: Int = 200, location: String? = nil, body: [UInt8]? = nil) throws -> Response
  {
    guard let outcome else {
      let accepted = Accepted(
        command: id.text,
        message: "This is noted and will be done as soon as the service answers.")
      return .json(try StoredJSON.bytes(accepted), status: 202)
        .with("Location", "/api/v1/commands/\(id)")
    }
    if let refusal = outcome.refusal { throw CommandDesk.Answer.problem(refusal, outcome) }
    let content = try body ?? StoredJSON.bytes(Done(message: outcome.text))
    let response = Response.json(content, status: status)
    return location.map { response.with("Location", $0) } ?? response
  }

  private static func problem(
    _ refusal: CommandOutcome.Refusal, _ outcome: CommandOutcome
  ) -> Problem {
    let text = outcome.text ?? "This was refused."
    return switch refusal {
    case .invalid: Problem(422, "invalid", text, field: outcome.field)
    case .notFound: Problem(404, "not_found", text, field: outcome.field)
    case .conflict: Problem(409, "conflict", text, field: outcome.field)
    case .failed: Problem(422, "failed", text, field: outcome.field)
    }
  }
}
