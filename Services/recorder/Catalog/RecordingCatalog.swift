import Base
import FoundationEssentials
import Messages
import Storage

/// How far a recording has come. The order of the cases is the order of life.
enum RecordingPhase: String, Hashable, Sendable, CaseIterable {
  case planned
  /// Its window is open.
  case recording
  /// Its window is over; its file is being made under a temporary name.
  case finishing
  /// The checked file is being given its final name.
  case placing
  case finished, failed
  /// Called off, or taken away before it was finished.
  case dropped
  /// Another recorder's file is the canonical one.
  case superseded

  var isOver: Bool {
    switch self {
    case .planned, .recording, .finishing, .placing: false
    case .finished, .failed, .dropped, .superseded: true
    }
  }
}

/// What the recorder knows of one recording.
struct PlannedRecording: Hashable, Sendable {
  var plan: RecordingPlan
  var phase: RecordingPhase
  /// When its plan first came.
  var receivedAt: Instant
  var isDesired: Bool
  /// Of making the file, begun so far.
  var attempts: Int
  var finalPath: String?
  var file: FinishedFile?
}

extension RecordingPlan {
  /// Whether both make the same file of the same tape.
  func isMadeLike(_ other: RecordingPlan) -> Bool {
    stream == other.stream && paddedStart == other.paddedStart && paddedEnd == other.paddedEnd
      && format == other.format && finishing == other.finishing && tags == other.tags
      && fileName == other.fileName && date == other.date
  }
}

/// The rows of the desired set and of recordings.
enum RecordingCatalog {
  static func desiredSet(
    _ transaction: Transaction
  ) throws(StorageError) -> (version: Int64, digest: String)? {
    try transaction.first("SELECT version, digest FROM desired_set") {
      (row: borrowing Row) throws(StorageError) in
      (version: try row.int64(0), digest: try row.text(1))
    }
  }

  /// Stores the set whole; false where a newer or the same one is there. What becomes of a plan that
  /// is known is decided by `PlanUptake`.
  static func store(
    _ set: DesiredSet, at now: Instant, _ transaction: Transaction
  ) throws -> Bool {
    if let held = try desiredSet(transaction), held.version >= set.version { return false }
    try transaction.execute(
      """
      INSERT INTO desired_set (id, version, digest) VALUES (1, ?, ?)
      ON CONFLICT (id) DO UPDATE SET version = excluded.version, digest = excluded.digest
      """, set.version, set.digest)
    try transaction.execute("UPDATE streams SET is_desired = 0")
    try transaction.execute("UPDATE recordings SET is_desired = 0")
    for stream in set.streams {
      try transaction.execute(
        """
        INSERT INTO streams (id, definition, is_desired) VALUES (?, ?, 1)
        ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, is_desired = 1
        """, stream.id, try encode(stream))
    }
    for plan in set.recordings { try store(plan, at: now, transaction) }
    try RetentionCatalog.store(set.locks ?? [], transaction)
    return true
  }

  private static func store(
    _ plan: RecordingPlan, at now: Instant, _ transaction: Transaction
  ) throws {
    let known = try find(plan.job, transaction)
    switch known.map({ PlanUptake.decide(plan, known: $0) }) ?? .take {
    case .keep:
      try transaction.execute("UPDATE recordings SET is_desired = 1 WHERE job = ?", plan.job)
    case .take: try put(plan, at: now, transaction)
    case .later:
      try transaction.execute(
        "UPDATE recordings SET next_plan = ?, is_desired = 1 WHERE job = ?", try encode(plan),
        plan.job)
    case .anew: try begin(plan, anew: known, at: now, transaction)
    }
  }

  /// Takes up the plans that came while a file was being made for the ones before.
  static func takeNextPlans(at now: Instant, _ transaction: Transaction) throws {
    let next = try transaction.all(
      """
      SELECT next_plan FROM recordings
      WHERE next_plan IS NOT NULL AND state NOT IN ('finishing', 'placing')
      """
    ) { (row: borrowing Row) throws(StorageError) in try row.blob(0) }
    for bytes in next {
      let plan: RecordingPlan = try decode(bytes)
      try store(plan, at: now, transaction)
      try transaction.execute(
        "UPDATE recordings SET next_plan = NULL WHERE job = ?", plan.job)
    }
  }

  static func hasNextPlan(_ job: JobID, _ transaction: Transaction) throws(StorageError) -> Bool {
    try transaction.first(
      "SELECT 1 FROM recordings WHERE job = ? AND next_plan IS NOT NULL", job
    ) { (row: borrowing Row) throws(StorageError) in try row.int(0) } != nil
  }

  /// From its beginning, out of what the tape has. A file that there is stays where it is until the
  /// scheduler has said that the new one takes its place.
  private static func begin(
    _ plan: RecordingPlan, anew known: PlannedRecording?, at now: Instant,
    _ transaction: Transaction
  ) throws {
    if known?.phase == .finished, let path = known?.finalPath {
      try transaction.execute(
        """
        INSERT INTO earlier_files (job, path, is_replaced) VALUES (?, ?, 0)
        ON CONFLICT (job, path) DO NOTHING
        """, plan.job, path)
    }
    try put(plan, at: now, transaction)
    // What was not wanted before was asked for now.
    let receivedAt = known?.phase == .finished ? now : known?.receivedAt ?? now
    try transaction.execute(
      """
      UPDATE recordings SET state = 'planned', attempts = 0, reason = NULL, final_path = NULL,
        file = NULL, received_at_us = ?
      WHERE job = ?
      """, receivedAt, plan.job)
  }

  /// The scheduler's verdict on what was made again: the earlier files of a recording are replaced,
  /// or they stay.
  static func settleEarlier(
    of job: JobID, isReplaced: Bool, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      isReplaced
        ? "UPDATE earlier_files SET is_replaced = 1 WHERE job = ?"
        : "DELETE FROM earlier_files WHERE job = ? AND is_replaced = 0", job)
  }

  static func replacedFiles(
    _ transaction: Transaction
  ) throws(StorageError) -> [(job: JobID, path: String)] {
    try transaction.all("SELECT job, path FROM earlier_files WHERE is_replaced = 1") {
      (row: borrowing Row) throws(StorageError) in
      (job: try row.identifier(0), path: try row.text(1))
    }
  }

  static func forgetReplaced(
    _ job: JobID, path: String, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute("DELETE FROM earlier_files WHERE job = ? AND path = ?", job, path)
  }

  private static func put(
    _ plan: RecordingPlan, at now: Instant, _ transaction: Transaction
  ) throws {
    try transaction.execute(
      """
      INSERT INTO recordings (job, token, stream, start_us, end_us, plan, received_at_us,
        is_desired, state, updated_at_us)
      VALUES (?, ?, ?, ?, ?, ?, ?, 1, 'planned', ?)
      ON CONFLICT (job) DO UPDATE SET token = excluded.token, start_us = excluded.start_us,
        end_us = excluded.end_us, plan = excluded.plan, is_desired = 1,
        updated_at_us = excluded.updated_at_us
      """,
      plan.job, plan.token, plan.stream, plan.paddedStart, plan.paddedEnd, try encode(plan), now,
      now)
  }

  static func streams(_ transaction: Transaction) throws -> [StreamDefinition] {
    try transaction.all("SELECT definition FROM streams") {
      (row: borrowing Row) throws(StorageError) in try row.blob(0)
    }.map { try decode($0) }
  }

  /// Those that are not over, soonest first.
  static func unfinished(_ transaction: Transaction) throws -> [PlannedRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings
      WHERE state IN ('planned', 'recording', 'finishing', 'placing') ORDER BY start_us, job
      """, read: rawRow
    ).map(recording)
  }

  static func find(_ job: JobID, _ transaction: Transaction) throws -> PlannedRecording? {
    try transaction.first("SELECT \(columns) FROM recordings WHERE job = ?", job, read: rawRow)
      .map(recording)
  }

  /// Those whose file is still where a canonical one would be.
  static func superseded(_ transaction: Transaction) throws -> [PlannedRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings
      WHERE state = 'superseded' AND final_path IS NOT NULL
      """, read: rawRow
    ).map(recording)
  }

  static func forgetPath(of job: JobID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("UPDATE recordings SET final_path = NULL WHERE job = ?", job)
  }

  static func setPhase(
    _ phase: RecordingPhase, of job: JobID, at now: Instant, reason: String? = nil,
    _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "UPDATE recordings SET state = ?, reason = ?, updated_at_us = ? WHERE job = ?",
      phase.rawValue, reason, now, job)
  }

  /// Counted before the attempt is made, so that one that kills the process is counted too.
  static func beginAttempt(
    of job: JobID, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute("UPDATE recordings SET attempts = attempts + 1 WHERE job = ?", job)
  }

  /// One that was broken off does not count.
  static func takeBackAttempt(
    of job: JobID, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "UPDATE recordings SET attempts = max(0, attempts - 1) WHERE job = ?", job)
  }

  /// The file has its name, and is what it is.
  static func setFinished(
    _ file: FinishedFile, of job: JobID, at now: Instant, _ transaction: Transaction
  ) throws {
    try transaction.execute(
      """
      UPDATE recordings SET state = 'finished', reason = NULL, final_path = ?, file = ?,
        updated_at_us = ?
      WHERE job = ?
      """, file.path, try encode(file), now, job)
  }

  /// The file is checked and is about to get this name.
  static func setFile(
    _ file: FinishedFile, of job: JobID, at now: Instant, _ transaction: Transaction
  ) throws {
    try transaction.execute(
      """
      UPDATE recordings SET state = 'placing', final_path = ?, file = ?, updated_at_us = ?
      WHERE job = ?
      """, file.path, try encode(file), now, job)
  }

  /// Whether another recording has the path, or is about to.
  static func isTaken(
    _ path: String, by other: JobID, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    try transaction.first(
      "SELECT 1 FROM recordings WHERE final_path = ? AND job <> ?", path, other
    ) { (row: borrowing Row) throws(StorageError) in try row.int(0) } != nil
  }

  static func noteAlive(_ now: Instant, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO life (id, alive_at_us) VALUES (1, ?)
      ON CONFLICT (id) DO UPDATE SET alive_at_us = excluded.alive_at_us
      """, now)
  }

  static func lastAlive(_ transaction: Transaction) throws(StorageError) -> Instant? {
    try transaction.first("SELECT alive_at_us FROM life") {
      (row: borrowing Row) throws(StorageError) in try row.instant(0)
    }
  }

  private static let columns =
    "plan, token, state, received_at_us, is_desired, attempts, final_path, file"

  private typealias RawRow = (
    plan: [UInt8], token: Int64, state: String, receivedAt: Instant, isDesired: Bool,
    attempts: Int, finalPath: String?, file: [UInt8]?
  )

  private static func rawRow(_ row: borrowing Row) throws(StorageError) -> RawRow {
    (
      plan: try row.blob(0), token: try row.int64(1), state: try row.text(2),
      receivedAt: try row.instant(3), isDesired: try row.bool(4), attempts: try row.int(5),
      finalPath: try row.optionalText(6), file: row.isNull(7) ? nil : try row.blob(7)
    )
  }

  private static func recording(_ row: RawRow) throws -> PlannedRecording {
    guard let phase = RecordingPhase(rawValue: row.state) else {
      throw StorageError(.misuse, "a recording's row holds the unknown state '\(row.state)'")
    }
    return PlannedRecording(
      plan: try decode(row.plan), phase: phase, receivedAt: row.receivedAt,
      isDesired: row.isDesired, attempts: row.attempts, finalPath: row.finalPath,
      file: try row.file.map { try decode($0) })
  }

  private static func encode(_ value: some Encodable) throws -> [UInt8] {
    Array(try JSONEncoder().encode(value))
  }

  private static func decode<Value: Decodable>(_ bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(bytes))
  }
}
