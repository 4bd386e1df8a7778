import Base
import FoundationEssentials
import HTTPClient
import Messages
import Storage

/// What a recorder's books say, wherever they are read: what an audit holds the files against.
protocol AuditRows: Sendable {
  /// Whether a recorder is at work on them meanwhile.
  var isLive: Bool { get }
  func streams() async throws -> [StreamID]
  /// Segments that overlap [from, to), by time.
  func segments(
    _ stream: StreamID, from: Instant, to: Instant
  ) async throws -> [AuditRow]
  /// When the stream was wanted in [from, to), and what is known of times without sound.
  func ledger(
    _ stream: StreamID, from: Instant, to: Instant
  ) async throws -> (wanted: [TimeSpan], gaps: [Gap])
}

/// One segment as the books have it.
struct AuditRow: Hashable, Sendable {
  var sequence: Int64
  var start: Instant
  var duration: Duration
  var bytes: Int64
  /// 0 where the file has a container of its own.
  var frames: Int64
  var path: String
  /// nil where it was not taken.
  var digest: UInt64?

  var end: Instant { start + duration }

  init(_ segment: Segment) {
    sequence = segment.sequence
    start = segment.start
    duration = segment.duration
    bytes = segment.bytes
    frames = segment.run?.frames ?? 0
    path = segment.path
    digest = segment.digest
  }

  init(
    sequence: Int64, start: Instant, duration: Duration, bytes: Int64, frames: Int64,
    path: String, digest: UInt64?
  ) {
    self.sequence = sequence
    self.start = start
    self.duration = duration
    self.bytes = bytes
    self.frames = frames
    self.path = path
    self.digest = digest
  }
}

/// The books of a recorder that does not run, from its database.
struct DatabaseAuditRows: AuditRows {
  let database: Database
  var isLive = false

  func streams() async throws -> [StreamID] {
    try await database.read { transaction in
      let tapes = try TapeIndex.totals(transaction).map(\.stream)
      return Set(tapes + (try WantedCatalog.streams(since: .epoch, transaction))).sorted()
    }
  }

  func segments(_ stream: StreamID, from: Instant, to: Instant) async throws -> [AuditRow] {
    try await database.read { transaction in
      try SegmentCatalog.overlapping(stream, from: from, to: to, transaction).map { AuditRow($0) }
    }
  }

  func ledger(
    _ stream: StreamID, from: Instant, to: Instant
  ) async throws -> (wanted: [TimeSpan], gaps: [Gap]) {
    try await TapeLedger.rows(of: stream, from: from, to: to, in: database)
  }
}

/// The books of a recorder that runs, which holds its database alone: by its own word.
struct LiveAuditRows: AuditRows {
  private struct Page: Decodable {
    struct Segment: Decodable {
      let sequence: Int64
      let startUs: Int64
      let durationUs: Int64
      let bytes: Int64
      let frames: Int64
      let path: String
      let digest: String?
    }
    let segments: [Segment]
    let nextUs: Int64?
  }

  private struct List: Decodable {
    struct Tape: Decodable { let stream: StreamID }
    let tapes: [Tape]
  }

  private struct Ledger: Decodable {
    struct Span: Decodable {
      let startUs: Int64
      let endUs: Int64
      let cause: String?
      let detail: String?
    }
    let spans: [Span]
  }

  let client: HTTPClient
  /// `host:port`
  let address: String
  let authorization: String
  var isLive: Bool { true }

  func streams() async throws -> [StreamID] {
    try await get("/tape", as: List.self).tapes.map(\.stream)
  }

  func segments(_ stream: StreamID, from: Instant, to: Instant) async throws -> [AuditRow] {
    var rows: [AuditRow] = []
    var start = from.microseconds
    while true {
      let page = try await get(
        "/tape/\(stream)?from_us=\(start)&to_us=\(to.microseconds)&limit=5000&files=1",
        as: Page.self)
      // What overlaps the border of two pages comes in both.
      let known = Set(rows.suffix(10).map(\.sequence))
      rows += page.segments.filter { !known.contains($0.sequence) }.map {
        AuditRow(
          sequence: $0.sequence, start: Instant(microseconds: $0.startUs),
          duration: .microseconds($0.durationUs), bytes: $0.bytes, frames: $0.frames,
          path: $0.path, digest: $0.digest.flatMap { UInt64($0, radix: 16) })
      }
      guard let next = page.nextUs, next > start else { return rows }
      start = next
    }
  }

  func ledger(
    _ stream: StreamID, from: Instant, to: Instant
  ) async throws -> (wanted: [TimeSpan], gaps: [Gap]) {
    let spans = try await get(
      "/tape/\(stream)/ledger?from_us=\(from.microseconds)&to_us=\(to.microseconds)",
      as: Ledger.self
    ).spans
    let wanted = spans.map {
      TimeSpan(start: Instant(microseconds: $0.startUs), end: Instant(microseconds: $0.endUs))
    }
    let gaps = spans.compactMap { span in
      span.cause.map {
        Gap(
          start: Instant(microseconds: span.startUs), end: Instant(microseconds: span.endUs),
          cause: Gap.Cause(rawValue: $0) ?? .unknown, detail: span.detail ?? "")
      }
    }
    return (wanted.united(), gaps)
  }

  private func get<Answer: Decodable>(_ path: String, as: Answer.Type) async throws -> Answer {
    var request = HTTPRequest("GET", "http://\(address)\(path)", timeout: .seconds(60))
    request.headers["Authorization"] = authorization
    let response = try await client.request(request)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Answer.self, from: Data(response.body))
  }
}
