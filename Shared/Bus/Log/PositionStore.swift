internal import Base
internal import Storage

/// This node's place in the logs of others, and what it could not apply. Every call is part of the
/// transaction that holds the effect, which is what makes an effect happen once.
enum PositionStore {
  static func intakes(_ transaction: Transaction) throws(StorageError) -> [Source: Intake] {
    let rows = try transaction.all(
      "SELECT producer, channel, incarnation, cursor, is_retired FROM bus_positions"
    ) { row throws(StorageError) in
      (
        try row.identifier(0, as: NodeID.self), try row.text(1),
        Position(incarnation: try row.identifier(2), cursor: try row.int64(3)), try row.bool(4)
      )
    }
    var current: [Source: Position] = [:]
    var retired: [Source: Set<Incarnation>] = [:]
    for (producer, text, position, isRetired) in rows {
      guard let channel = Channel(text: text) else { continue }
      let source = Source(producer: producer, channel: channel)
      if isRetired {
        retired[source, default: []].insert(position.incarnation)
      } else {
        current[source] = position
      }
    }
    return Dictionary(
      uniqueKeysWithValues: Set(current.keys).union(retired.keys).map { source in
        (source, Intake(position: current[source], retired: retired[source] ?? []))
      })
  }

  /// Moves the place on; a place in another life of the producer's database retires the one before.
  static func store(
    _ position: Position, of source: Source, _ transaction: Transaction
  ) throws(StorageError) {
    let channel = source.channel.text
    let moved = try transaction.execute(
      """
      UPDATE bus_positions SET cursor = ?
      WHERE producer = ? AND channel = ? AND incarnation = ? AND is_retired = 0
      """, position.cursor, source.producer, channel, position.incarnation)
    if moved == 1 { return }
    try transaction.execute(
      "UPDATE bus_positions SET is_retired = 1 WHERE producer = ? AND channel = ?",
      source.producer, channel)
    try transaction.execute(
      """
      INSERT INTO bus_positions (producer, channel, incarnation, cursor, is_retired)
      VALUES (?, ?, ?, ?, 0)
      ON CONFLICT (producer, channel, incarnation) DO UPDATE
      SET cursor = excluded.cursor, is_retired = 0
      """, source.producer, channel, position.incarnation, position.cursor)
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

  /// Takes one attempt back: it failed, but nobody died of it.
  static func forgiveAttempt(
    at sequence: Int64, of source: Source, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      UPDATE bus_attempts SET attempts = attempts - 1
      WHERE producer = ? AND channel = ? AND sequence = ?
      """, source.producer, source.channel.text, sequence)
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
