internal import Base
internal import Storage

/// This node's place in the logs of others, and what it could not apply. Every call is part of the
/// transaction that holds the effect, which is what makes an effect happen once.
enum PositionStore {
  static func positions(_ transaction: Transaction) throws(StorageError) -> [Source: Position] {
    let rows = try transaction.all(
      "SELECT producer, channel, incarnation, cursor FROM bus_positions"
    ) { row throws(StorageError) in
      (
        try row.identifier(0, as: NodeID.self), try row.text(1),
        Position(incarnation: try row.identifier(2), cursor: try row.int64(3))
      )
    }
    var positions: [Source: Position] = [:]
    for (producer, text, position) in rows {
      if let channel = Channel(text: text) {
        positions[Source(producer: producer, channel: channel)] = position
      }
    }
    return positions
  }

  static func store(
    _ position: Position, of source: Source, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO bus_positions (producer, channel, incarnation, cursor) VALUES (?, ?, ?, ?)
      ON CONFLICT (producer, channel) DO UPDATE
      SET incarnation = excluded.incarnation, cursor = excluded.cursor
      """, source.producer, source.channel.text, position.incarnation, position.cursor)
  }

  /// Counts an attempt to apply a message before it is made; how many there were with this one.
  static func countAttempt(
    at sequence: Int64, of source: Source, _ transaction: Transaction
  ) throws(StorageError) -> Int {
    try transaction.execute(
      """
      INSERT INTO bus_attempts (producer, channel, sequence, attempts) VALUES (?, ?, ?, 1)
      ON CONFLICT (producer, channel) DO UPDATE SET
        attempts = CASE sequence WHEN excluded.sequence THEN attempts + 1 ELSE 1 END,
        sequence = excluded.sequence
      """, source.producer, source.channel.text, sequence)
    return try transaction.first(
      "SELECT attempts FROM bus_attempts WHERE producer = ? AND channel = ?", source.producer,
      source.channel.text
    ) { row throws(StorageError) in try row.int(0) } ?? 1
  }

  static func setAside(
    _ entry: LogEntryRecord, from producer: NodeID, reason: String, at now: Instant,
    _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT OR IGNORE INTO bus_set_aside (id, producer, type, body, reason, set_aside_at_us)
      VALUES (?, ?, ?, ?, ?, ?)
      """, entry.id, producer, entry.type, entry.body, reason, now)
  }

  static func setAsideCount(_ transaction: Transaction) throws(StorageError) -> Int {
    try transaction.first("SELECT count(*) FROM bus_set_aside") {
      row throws(StorageError) in try row.int(0)
    } ?? 0
  }
}
