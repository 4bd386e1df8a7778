import Base
import Messages
import Storage

/// What the recorder's tables know of what may go and what must stay.
enum RetentionCatalog {
  static let migration = Migration(
    "what of a tape must stay, and files on their way out",
    """
    CREATE TABLE locks (
      stream TEXT NOT NULL,
      start_us INTEGER NOT NULL,      -- UTC, microseconds
      end_us INTEGER NOT NULL,        -- not part of it
      reason TEXT NOT NULL,           -- who wants it, for people
      PRIMARY KEY (stream, start_us, end_us, reason)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE removals (
      path TEXT PRIMARY KEY           -- below the tape folder; its row is gone, the file may not be
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX gaps_by_end ON gaps (end_us);
    """)

  /// The scheduler's locks, all of them.
  static func store(
    _ locks: [TapeLock], _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute("DELETE FROM locks")
    for lock in locks where lock.end > lock.start {
      try transaction.execute(
        "INSERT OR IGNORE INTO locks (stream, start_us, end_us, reason) VALUES (?, ?, ?, ?)",
        lock.stream, lock.start, lock.end, lock.reason)
    }
  }

  /// What must stay, in order of time and without overlaps: locks, and the windows of recordings that
  /// are not over, that the scheduler still asks for, or that failed less than `grace` ago and may be
  /// tried again. What is said of a stream is said of its sound too, where that has a tape of its own.
  static func kept(
    _ stream: StreamID, at now: Instant, grace: Duration, _ transaction: Transaction
  ) throws(StorageError) -> [TimeSpan] {
    try transaction.all(
      """
      SELECT start_us, end_us FROM locks WHERE stream = ?1
      UNION ALL
      SELECT start_us, end_us FROM recordings WHERE stream = ?1 AND (is_desired = 1
        OR state IN ('planned', 'recording', 'finishing', 'placing')
        OR (state = 'failed' AND updated_at_us > ?2))
      ORDER BY 1
      """, stream.owner, now - grace
    ) { (row: borrowing Row) throws(StorageError) in
      TimeSpan(start: try row.instant(0), end: try row.instant(1))
    }.united()
  }

  /// The windows of recordings that are finished and that nobody asks for any more, of which the tape
  /// has something still; the oldest first.
  static func settled(
    _ stream: StreamID, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [TimeSpan] {
    try transaction.all(
      """
      SELECT start_us, end_us FROM recordings AS r
      WHERE stream = ?3 AND state = 'finished' AND is_desired = 0 AND EXISTS (
        SELECT 1 FROM segments AS s WHERE s.stream = ?1 AND s.start_us >= r.start_us
          AND s.start_us < r.end_us)
      ORDER BY start_us LIMIT ?2
      """, stream, limit, stream.owner
    ) { (row: borrowing Row) throws(StorageError) in
      TimeSpan(start: try row.instant(0), end: try row.instant(1))
    }
  }

  /// Segments that begin in [start, end), by time, so many at most.
  static func segments(
    _ stream: StreamID, from start: Instant, to end: Instant, limit: Int,
    _ transaction: Transaction
  ) throws(StorageError) -> [RetentionPolicy.Piece] {
    try transaction.all(
      """
      SELECT sequence, start_us, start_us + duration_us, bytes, path FROM segments
      WHERE stream = ? AND start_us >= ? AND start_us < ? ORDER BY start_us, sequence LIMIT ?
      """, stream, start, end, limit
    ) { (row: borrowing Row) throws(StorageError) in
      RetentionPolicy.Piece(
        stream: stream, sequence: try row.int64(0), start: try row.instant(1),
        end: try row.instant(2), bytes: try row.int64(3), path: try row.text(4))
    }
  }

  /// Takes pieces of tapes off them: their rows, and notes what the ledgers must say of their time and
  /// that their files are to go. The files are the caller's, after the commit.
  static func remove(
    _ pieces: [RetentionPolicy.Piece], why: String, _ transaction: Transaction
  ) throws(StorageError) {
    for piece in pieces {
      try SegmentCatalog.remove(piece.stream, sequence: piece.sequence, transaction)
      try transaction.execute("INSERT OR IGNORE INTO removals (path) VALUES (?)", piece.path)
    }
    // One row for as long as what goes, now and before, is without a hole.
    for (stream, taken) in Dictionary(grouping: pieces, by: \.stream) {
      let spans = taken.map { TimeSpan(start: $0.start, end: $0.end) }
      for span in spans.united(within: LedgerAccount.seam) {
        try GapCatalog.extend(
          stream, Gap(start: span.start, end: span.end, cause: .notKept, detail: why),
          within: LedgerAccount.seam, transaction)
      }
    }
  }

  /// Files whose rows are gone.
  static func removals(_ transaction: Transaction) throws(StorageError) -> [String] {
    try transaction.all("SELECT path FROM removals") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
  }

  static func forgetRemovals(
    _ paths: [String], _ transaction: Transaction
  ) throws(StorageError) {
    for path in paths {
      try transaction.execute("DELETE FROM removals WHERE path = ?", path)
    }
  }

  /// Bytes of each tape.
  static func sizes(_ transaction: Transaction) throws(StorageError) -> [StreamID: Int64] {
    let rows = try transaction.all("SELECT stream, bytes FROM tapes") {
      (row: borrowing Row) throws(StorageError) -> (StreamID, Int64) in
      (try row.identifier(0), try row.int64(1))
    }
    return Dictionary(rows, uniquingKeysWith: { first, _ in first })
  }

  static func newest(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> Int64? { try SegmentCatalog.lastSequence(stream, transaction) }
}

extension RecordingCatalog {
  /// A try was broken off by ourselves and does not count.
  static func setAttempts(
    _ attempts: Int, of job: JobID, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "UPDATE recordings SET attempts = ? WHERE job = ? AND state = 'finishing'", attempts, job)
  }
}
