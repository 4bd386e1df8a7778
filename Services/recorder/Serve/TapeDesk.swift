import Base
import FoundationEssentials
import HTTPServer
import Messages
import Service
import Storage

/// Answers readers of this recorder's tapes, by the routes under `/tape`.
///
/// Every request must show the installation's `TapeToken`. Answers are bounded and found by index;
/// files are named by rows, never by what a request says. It has a thread of its own and shares
/// nothing with captures but the database, from which it takes a few rows at a time.
actor TapeDesk {
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Connections that readers may hold open at once.
  static let connectionLimit = 500
  /// Segments in one answer: what is meant where nothing is asked for, and the most.
  static let usualLimit = 1000
  static let largestLimit = 5000
  /// Titles in one answer: a month of songs.
  static let titleLimit = 20_000

  private let thread = DedicatedThread(named: "tape-http")
  private let node: NodeID
  private let root: String
  private let tokenPath: String
  let database: Database

  init(node: NodeID, root: String, tokenPath: String, database: Database) {
    self.node = node
    self.root = root
    self.tokenPath = tokenPath
    self.database = database
  }

  nonisolated func addRoutes(to router: inout Router) {
    router.add("GET", "/tape") { try await self.list($0) }
    router.add("GET", "/tape/{stream}") { try await self.page($0) }
    router.add("GET", "/tape/{stream}/titles") { try await self.titles($0) }
    router.add("GET", "/tape/{stream}/ledger") { try await self.ledger($0) }
    router.add("GET", "/tape/{stream}/segments/{sequence}") { try await self.segment($0) }
    router.add("GET", "/tape/{stream}/init/{sha256}") { try await self.initialisation($0) }
  }

  func list(_ request: Request) async throws -> Response {
    try admit(request)
    let totals = try await database.read { try TapeIndex.totals($0) }
    return try json(TapeList(node: node, totals))
  }

  func page(_ request: Request) async throws -> Response {
    try admit(request)
    let stream = try stream(request)
    let start = try number("from_us", request) ?? 0
    let end = try number("to_us", request) ?? Instant.distantFuture.microseconds
    let limit = try number("limit", request) ?? Int64(TapeDesk.usualLimit)
    guard (1...Int64(TapeDesk.largestLimit)).contains(limit) else {
      throw Problem(
        400, "invalid", "The limit must lie between 1 and \(TapeDesk.largestLimit).",
        field: "limit")
    }
    let (page, hasSound) = try await database.read { transaction in
      guard try TapeIndex.hasTape(stream, transaction) else { throw TapeDesk.noTape(stream) }
      // A question for a time before 1970 is one for the tape's beginning.
      return (
        try TapeIndex.page(
          stream, from: Instant(microseconds: max(0, start)), to: Instant(microseconds: end),
          limit: Int(limit), transaction),
        try !stream.isSound && TapeIndex.hasTape(stream.sound, transaction)
      )
    }
    var answer = TapePage(stream: stream, node: node, page, hasSound: hasSound)
    if request.query("files") == "1" { answer.addFiles(of: page) }
    return try json(answer)
  }

  /// The as-run log.
  func titles(_ request: Request) async throws -> Response {
    try admit(request)
    let stream = try stream(request)
    let start = Instant(microseconds: max(0, try number("from_us", request) ?? 0))
    let end = Instant(
      microseconds: try number("to_us", request) ?? Instant.distantFuture.microseconds)
    let titles = try await database.read { transaction in
      guard try TapeIndex.hasTape(stream, transaction) else { throw TapeDesk.noTape(stream) }
      return try TitleCatalog.announced(
        stream, from: start, to: end, limit: TapeDesk.titleLimit, transaction)
    }
    return try json(TapeTitles(stream: stream, node: node, titles))
  }

  func segment(_ request: Request) async throws -> Response {
    try admit(request)
    let stream = try stream(request)
    guard let sequence = Int64(request.parameter("sequence")) else { throw Problem.notFound }
    let found = try await database.read {
      try SegmentCatalog.find(stream, sequence: sequence, $0)
    }
    guard let found else {
      throw Problem(404, "not_found", "The tape '\(stream)' has no segment \(sequence).")
    }
    return Response.file(root + "/" + found.path, contentType: found.contentType)
      .with("Cache-Control", TapeDesk.forEver)
  }

  func initialisation(_ request: Request) async throws -> Response {
    try admit(request)
    let stream = try stream(request)
    let hash = request.parameter("sha256")
    // Nothing but digits can name a file here.
    guard hash.utf8.count == 64, hash.utf8.allSatisfy(TapeDesk.isHexadecimal) else {
      throw Problem.notFound
    }
    return Response.file(
      root + "/" + MediaPath.initialisation(stream, sha256: hash), contentType: "video/mp4"
    ).with("Cache-Control", TapeDesk.forEver)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...102).contains(byte)
  }

  /// A segment never changes and its number is never used again.
  private static let forEver = "private, max-age=31536000, immutable"

  static func noTape(_ stream: StreamID) -> Problem {
    Problem(404, "not_found", "This recorder has no tape of '\(stream)'.")
  }

  /// The token is read each time, so that a replaced one ends at once.
  func admit(_ request: Request) throws {
    guard let header = request.header("Authorization"),
      try TapeToken.load(tokenPath).isShown(in: header)
    else { throw TapeDesk.unauthorized }
  }

  private static let unauthorized = Problem(
    401, "unauthorized",
    "Tapes are read with the key in keys/tape.token: send it as 'Authorization: Bearer …'.")

  func stream(_ request: Request) throws -> StreamID {
    guard let stream = StreamID(request.parameter("stream")) else { throw Problem.notFound }
    return stream
  }

  func number(_ name: String, _ request: Request) throws -> Int64? {
    guard let text = request.query(name) else { return nil }
    guard let number = Int64(text) else {
      throw Problem(400, "invalid", "\(name) must be a whole number.", field: name)
    }
    return number
  }

  func json(_ answer: some Encodable) throws -> Response {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return .json(Array(try encoder.encode(answer)))
  }
}
