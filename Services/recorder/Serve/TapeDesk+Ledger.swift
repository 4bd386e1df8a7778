import Base
import HTTPServer
import Messages
import Storage

/// The ledger over HTTP.
extension TapeDesk {
  /// Of [from_us, to_us): the last day until now where nothing is asked for.
  func ledger(_ request: Request) async throws -> Response {
    try admit(request)
    let stream = try stream(request)
    let now = SystemTimeSource().now().microseconds
    // The future is not wanted yet.
    let to = min(try number("to_us", request) ?? now, now)
    let from = max(0, try number("from_us", request) ?? to - 86_400_000_000)
    guard from <= to else {
      throw Problem(400, "invalid", "from_us must be before to_us.", field: "from_us")
    }
    guard try await database.read({ try TapeIndex.isKnown(stream, $0) }) else {
      throw TapeDesk.noTape(stream)
    }
    let account = try await TapeLedger.account(
      of: stream, from: Instant(microseconds: from), to: Instant(microseconds: to), in: database)
    return try json(LedgerAnswer(account))
  }
}

/// What `GET /tape/{stream}/ledger` answers. Times are UTC in microseconds.
struct LedgerAnswer: Encodable {
  struct Span: Encodable {
    var startUs: Int64
    var endUs: Int64
    /// `captured` or `gap`
    var kind: String
    var cause: String?
    var detail: String?
  }

  var wantedUs: Int64
  var capturedUs: Int64
  var gapUs: Int64
  var spans: [Span]

  init(_ account: LedgerAccount) {
    wantedUs = account.wanted.microseconds
    capturedUs = account.captured.microseconds
    gapUs = account.missing.microseconds
    spans = account.spans.map { span in
      Span(
        startUs: span.start.microseconds, endUs: span.end.microseconds,
        kind: span.gap == nil ? "captured" : "gap", cause: span.gap?.cause.rawValue,
        detail: span.gap?.detail)
    }
  }
}
