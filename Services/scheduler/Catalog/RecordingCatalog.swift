internal import Base
internal import Messages
internal import Storage

/// The rows of recordings.
enum RecordingCatalog {
  private static let columns = """
    id, schedule, stream, title, start_us, end_us, padded_start_us, padded_end_us, state, reason,
    holder, token, canonical_token, refused_by, is_called_off, file, destinations, file_name,
    format, tags, date, created_at_us, updated_at_us, priority, conflict, spare, give_up_at_us,
    offered_at_us, details
    """

  static func find(
    _ id: JobID, _ transaction: Transaction
  ) throws(StorageError) -> ScheduledRecording? {
    try transaction.first("SELECT \(columns) FROM recordings WHERE id = ?", id, read: read)
  }

  /// Inserts the row or changes all of it. Never REPLACE: that would delete another recording's row
  /// where a unique index is broken, instead of failing.
  static func save(
    _ entry: ScheduledRecording, _ transaction: Transaction
  ) throws(StorageError) {
    let recording = entry.recording
    try transaction.execute(
      """
      INSERT INTO recordings (\(columns))
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET
        stream = excluded.stream, title = excluded.title, end_us = excluded.end_us,
        padded_start_us = excluded.padded_start_us, padded_end_us = excluded.padded_end_us,
        state = excluded.state, reason = excluded.reason, holder = excluded.holder,
        token = excluded.token, canonical_token = excluded.canonical_token,
        refused_by = excluded.refused_by, is_called_off = excluded.is_called_off,
        file = excluded.file, destinations = excluded.destinations,
        file_name = excluded.file_name, format = excluded.format, tags = excluded.tags,
        date = excluded.date, updated_at_us = excluded.updated_at_us,
        priority = excluded.priority, conflict = excluded.conflict, spare = excluded.spare,
        give_up_at_us = excluded.give_up_at_us, offered_at_us = excluded.offered_at_us,
        details = excluded.details
      """, recording.id, recording.schedule, recording.stream, recording.title, recording.start,
      recording.end, recording.paddedStart, recording.paddedEnd, recording.state.rawValue,
      recording.reason, recording.node, recording.token, entry.canonicalToken, entry.refusedBy,
      entry.isCalledOff, try recording.file.map(StoredJSON.encode),
      try StoredJSON.encode(recording.destinations), entry.fileName, entry.format.rawValue,
      try StoredJSON.encode(entry.tags), entry.date, entry.createdAt, recording.updatedAt,
      entry.priority, recording.conflict, recording.spare, entry.details.giveUpAt,
      entry.details.offer?.at, try StoredJSON.encode(entry.details))
  }

  /// Whether another recording has the file name.
  static func isTaken(
    fileName: String, besides id: JobID, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    try transaction.first(
      "SELECT 1 FROM recordings WHERE file_name = ? AND id <> ?", fileName, id
    ) { row throws(StorageError) in try row.bool(0) } ?? false
  }

  /// The schedule's recordings that have not ended.
  static func unfinished(
    of schedule: ScheduleID, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings WHERE schedule = ?
      AND state IN ('planned', 'assigned', 'recording', 'finishing') ORDER BY start_us, id
      """, schedule, read: read)
  }

  /// A recording of the stream that has not ended; nil when there is none.
  static func unfinished(
    of stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> ScheduledRecording? {
    try transaction.first(
      """
      SELECT \(columns) FROM recordings WHERE stream = ?
      AND state IN ('planned', 'assigned', 'recording', 'finishing') LIMIT 1
      """, stream, read: read)
  }

  /// Those that nobody has and whose window opens by then, the soonest first, after another one.
  static func unassigned(
    opening limit: Instant, after last: ScheduledRecording?, count: Int,
    _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings WHERE state = 'planned'
      AND padded_start_us <= ? AND (padded_start_us, id) > (?, ?)
      ORDER BY padded_start_us, id LIMIT ?
      """, limit, last?.recording.paddedStart ?? Instant(microseconds: .min), last?.id.text ?? "",
      count, read: read)
  }

  /// Those that a recorder has and of which a doubt was noted.
  static func doubtful(
    _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings
      WHERE state IN ('assigned', 'recording', 'finishing') AND reason IS NOT NULL
      """, read: read)
  }

  /// What a recorder has and has not ended, the soonest first.
  static func held(
    by node: NodeID, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings WHERE holder = ?
      AND state IN ('assigned', 'recording', 'finishing') ORDER BY padded_start_us, id LIMIT ?
      """, node, limit, read: read)
  }

  /// What a recorder captures as the second one, the soonest first.
  static func spared(
    on node: NodeID, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings WHERE spare = ?
      AND state IN ('assigned', 'recording', 'finishing') ORDER BY padded_start_us, id LIMIT ?
      """, node, limit, read: read)
  }

  /// What recorders have and is not over, of some streams.
  static func open(
    of streams: some Sequence<StreamID>, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    var found: [ScheduledRecording] = []
    for stream in streams {
      found += try transaction.all(
        """
        SELECT \(columns) FROM recordings WHERE stream = ? AND padded_end_us > ?
        AND state IN ('assigned', 'recording') AND spare IS NULL ORDER BY padded_start_us, id
        """, stream, now, read: read)
    }
    return found
  }

  /// What a second recorder has and has not begun.
  static func sparedAhead(
    of now: Instant, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings
      WHERE spare IS NOT NULL AND state = 'assigned' AND padded_start_us > ?
      ORDER BY padded_start_us, id LIMIT ?
      """, now, limit, read: read)
  }

  /// What is wanted on each recorder, as the first or the second one.
  static func heldWindows(
    at now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [HeldWindow] {
    let rows = try transaction.all(
      """
      SELECT id, holder, stream, padded_start_us, padded_end_us, state, priority, spare
      FROM recordings WHERE state IN ('assigned', 'recording', 'finishing')
      """
    ) { row throws(StorageError) in
      let start = try row.instant(3)
      let isFixed = try row.text(5) != RecordingState.assigned.rawValue || start <= now
      let window = StreamWindow(
        stream: try row.identifier(2), start: start, end: try row.instant(4))
      return (
        HeldWindow(
          job: try row.identifier(0), node: try row.identifier(1), window: window,
          priority: try row.int(6), isFixed: isFixed),
        try row.optionalIdentifier(7, as: NodeID.self)
      )
    }
    return rows.flatMap { held, spare in
      guard let spare else { return [held] }
      var second = held
      second.node = spare
      second.isSpare = true
      return [held, second]
    }
  }

  /// What is not over and begins before an instant, or has a conflict noted.
  static func coming(
    from now: Instant, to end: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings
      WHERE state IN ('planned', 'assigned', 'recording', 'finishing')
        AND padded_end_us > ? AND padded_start_us < ? ORDER BY padded_start_us, id
      """, now, end, read: read)
  }

  /// Those of which a file is kept that lacks something, the longest kept first.
  static func offered(
    limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings WHERE offered_at_us IS NOT NULL
      ORDER BY offered_at_us, id LIMIT ?
      """, limit, read: read)
  }

  /// The recorders that have unfinished recordings of a stream.
  static func holders(
    of stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> [NodeID] {
    try transaction.all(
      """
      SELECT holder FROM recordings
      WHERE stream = ?1 AND state IN ('assigned', 'recording', 'finishing')
      UNION SELECT spare FROM recordings
      WHERE stream = ?1 AND state IN ('assigned', 'recording', 'finishing') AND spare IS NOT NULL
      """, stream
    ) { row throws(StorageError) in try row.identifier(0) }
  }

  /// What should have ended: not taken by anybody and over, or taken and over since `heldLimit`.
  static func overdue(
    at now: Instant, heldLimit: Instant, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings
      WHERE (state = 'planned' AND coalesce(give_up_at_us, padded_end_us) <= ?1)
        OR (state IN ('assigned', 'recording', 'finishing') AND padded_end_us <= ?2)
      ORDER BY padded_end_us, id LIMIT ?3
      """, now, heldLimit, limit, read: read)
  }

  /// The earliest end of what nobody has, and of what somebody has.
  static func earliestEnds(
    _ transaction: Transaction
  ) throws(StorageError) -> (planned: Instant?, held: Instant?) {
    let planned = try transaction.first(
      """
      SELECT min(coalesce(give_up_at_us, padded_end_us)) FROM recordings WHERE state = 'planned'
      """
    ) { row throws(StorageError) in try row.optionalInstant(0) }
    let held = try transaction.first(
      """
      SELECT min(padded_end_us) FROM recordings
      WHERE state IN ('assigned', 'recording', 'finishing')
      """
    ) { row throws(StorageError) in try row.optionalInstant(0) }
    return (planned ?? nil, held ?? nil)
  }

  /// What has not ended, and of the rest the newest; for somebody who follows from now on.
  static func newest(
    _ limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [ScheduledRecording] {
    try transaction.all(
      """
      SELECT \(columns) FROM recordings
      WHERE state IN ('planned', 'assigned', 'recording', 'finishing')
        OR start_us >= coalesce(
          (SELECT start_us FROM recordings ORDER BY start_us DESC LIMIT 1 OFFSET ?), 0)
      ORDER BY start_us, id
      """, limit - 1, read: read)
  }

  /// How many have not ended, by state.
  static func unfinishedCounts(
    _ transaction: Transaction
  ) throws(StorageError) -> [RecordingState: Int] {
    let rows = try transaction.all(
      """
      SELECT state, count(*) FROM recordings
      WHERE state IN ('planned', 'assigned', 'recording', 'finishing') GROUP BY state
      """
    ) { row throws(StorageError) in (try row.text(0), try row.int(1)) }
    var counts: [RecordingState: Int] = [:]
    for (text, count) in rows {
      if let state = RecordingState(rawValue: text) { counts[state] = count }
    }
    return counts
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> ScheduledRecording {
    guard let state = RecordingState(rawValue: try row.text(8)),
      let format = RecordingFormat(rawValue: try row.text(18))
    else { throw StorageError(.misuse, "a recording has a state or format that does not exist") }
    let recording = Recording(
      id: try row.identifier(0), schedule: try row.identifier(1), stream: try row.identifier(2),
      title: try row.text(3), start: try row.instant(4), end: try row.instant(5),
      paddedStart: try row.instant(6), paddedEnd: try row.instant(7), state: state,
      reason: try row.optionalText(9), node: try row.optionalIdentifier(10),
      token: try row.int64(11),
      file: try row.optionalText(15).map { text throws(StorageError) in
        try StoredJSON.decode(text)
      },
      destinations: try StoredJSON.decode(row.text(16)), updatedAt: try row.instant(22),
      priority: try row.int(23), conflict: try row.optionalText(24),
      spare: try row.optionalIdentifier(25))
    return ScheduledRecording(
      recording: recording, canonicalToken: try row.optionalInt64(12),
      refusedBy: try row.optionalIdentifier(13), isCalledOff: try row.bool(14),
      fileName: try row.text(17), format: format, tags: try StoredJSON.decode(row.text(19)),
      date: try row.text(20), createdAt: try row.instant(21),
      details: try StoredJSON.decode(row.text(28)))
  }
}
