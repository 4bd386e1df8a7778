import Base
import Messages
import Storage

/// Recordings, as the scheduler last said.
enum RecordingCatalog {
  /// Which recordings are wanted; what is nil does not matter.
  struct Filter {
    var states: [RecordingState]
    var stream: StreamID?
    var schedule: ScheduleID?
    var from: Instant?
    var before: Instant?
    var newestFirst: Bool
    var limit: Int
  }

  static func store(_ recording: Recording, _ transaction: Transaction) throws {
    try transaction.execute(
      """
      INSERT OR REPLACE INTO recordings (id, stream, schedule, state, start_us, body)
      VALUES (?, ?, ?, ?, ?, ?)
      """, recording.id, recording.stream, recording.schedule, recording.state.rawValue,
      recording.start, StoredJSON.encode(recording))
  }

  static func find(_ id: JobID, _ transaction: Transaction) throws -> Recording? {
    let text = try transaction.first("SELECT body FROM recordings WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  static func select(_ filter: Filter, _ transaction: Transaction) throws -> [Recording] {
    let states = (filter.states.isEmpty ? RecordingState.allCases : filter.states)
      .map(\.rawValue).joined(separator: ",")
    // The states are this program's own words, joined so that one statement serves all filters.
    let texts = try transaction.all(
      """
      SELECT body FROM recordings
      WHERE instr(',' || ? || ',', ',' || state || ',') > 0
        AND (? IS NULL OR stream = ?) AND (? IS NULL OR schedule = ?)
        AND start_us >= ? AND start_us < ?
      ORDER BY start_us \(filter.newestFirst ? "DESC" : "ASC"), id LIMIT ?
      """, states, filter.stream, filter.stream, filter.schedule, filter.schedule,
      filter.from ?? Instant(microseconds: .min), filter.before ?? .distantFuture, filter.limit
    ) { (row: borrowing Row) throws(StorageError) in try row.text(0) }
    return try texts.map { try StoredJSON.decode($0) }
  }

  /// How many there are of each state.
  static func counts(_ transaction: Transaction) throws -> [String: Int] {
    let pairs = try transaction.all("SELECT state, count(*) FROM recordings GROUP BY state") {
      (row: borrowing Row) throws(StorageError) in (try row.text(0), try row.int(1))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM recordings")
  }
}
