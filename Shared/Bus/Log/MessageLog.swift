internal import Base
internal import Storage

/// The rows of a node's own log. Every call is part of a transaction that the caller holds.
enum MessageLog {
  /// The incarnation of this database, made at the first call.
  static func incarnation(_ transaction: Transaction) throws(StorageError) -> Incarnation {
    let known = try transaction.first("SELECT incarnation FROM bus_identity") {
      row throws(StorageError) in try row.identifier(0, as: Incarnation.self)
    }
    if let known { return known }
    let fresh = Incarnation.random()
    try transaction.execute("INSERT INTO bus_identity (id, incarnation) VALUES (1, ?)", fresh)
    return fresh
  }

  /// Appends a message; the number that it got.
  static func append(
    _ entry: LogEntryRecord, to channel: Channel, _ transaction: Transaction
  ) throws(StorageError) -> Int64 {
    try transaction.execute(
      """
      INSERT INTO bus_log (channel, id, type, correlation, created_at_us, body)
      VALUES (?, ?, ?, ?, ?, ?)
      """, channel.text, entry.id, entry.type, entry.correlation, entry.createdAt, entry.body)
    let sequence = try transaction.first("SELECT last_insert_rowid()") {
      row throws(StorageError) in try row.int64(0)
    }
    guard let sequence else { throw StorageError(.misuse, "the log gave no number") }
    try transaction.execute(
      """
      INSERT INTO bus_channels (channel, head) VALUES (?, ?)
      ON CONFLICT (channel) DO UPDATE SET head = excluded.head
      """, channel.text, sequence)
    return sequence
  }

  /// Entries of a channel after a number, oldest first, at most `limit` and about `byteLimit` bytes
  /// (one entry at least).
  static func entries(
    of channel: Channel, after sequence: Int64, limit: Int, byteLimit: Int,
    _ transaction: Transaction
  ) throws(StorageError) -> [LogEntryRecord] {
    var bytes = 0
    let found = try transaction.all(
      """
      SELECT sequence, id, type, correlation, created_at_us, body FROM bus_log
      WHERE channel = ? AND sequence > ? ORDER BY sequence LIMIT ?
      """, channel.text, sequence, limit
    ) { row throws(StorageError) in
      LogEntryRecord(
        sequence: try row.int64(0), id: try row.identifier(1), type: try row.text(2),
        correlation: try row.optionalIdentifier(3), createdAt: try row.instant(4),
        body: try row.blob(5))
    }
    let fitting = found.prefix { entry in
      defer { bytes += entry.body.count }
      return bytes == 0 || bytes + entry.body.count <= byteLimit
    }
    return Array(fitting)
  }

  static func extents(_ transaction: Transaction) throws(StorageError) -> [Channel: Extent] {
    let rows = try transaction.all("SELECT channel, pruned, head FROM bus_channels") {
      row throws(StorageError) in
      (try row.text(0), Extent(pruned: try row.int64(1), head: try row.int64(2)))
    }
    var extents: [Channel: Extent] = [:]
    for (text, extent) in rows {
      if let channel = Channel(text: text) { extents[channel] = extent }
    }
    return extents
  }

  static func consumers(_ transaction: Transaction) throws(StorageError) -> [Subscription: Int64] {
    let rows = try transaction.all("SELECT node, channel, acknowledged FROM bus_consumers") {
      row throws(StorageError) in
      (try row.identifier(0, as: NodeID.self), try row.text(1), try row.int64(2))
    }
    var consumers: [Subscription: Int64] = [:]
    for (node, text, acknowledged) in rows {
      if let channel = Channel(text: text) {
        consumers[Subscription(consumer: node, channel: channel)] = acknowledged
      }
    }
    return consumers
  }

  static func remember(
    _ subscription: Subscription, acknowledged: Int64, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO bus_consumers (node, channel, acknowledged, heard_at_us) VALUES (?, ?, ?, ?)
      ON CONFLICT (node, channel) DO UPDATE
      SET acknowledged = excluded.acknowledged, heard_at_us = excluded.heard_at_us
      """, subscription.consumer, subscription.channel.text, acknowledged, now)
  }

  /// Forgets followers that were not heard from for long (they will take a snapshot when they come
  /// back), and deletes what every consumer of a channel has applied. Nothing that one node was told
  /// and has not acknowledged is ever deleted.
  static func prune(
    forgettingFollowersSilentSince limit: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [(Channel, Int64)] {
    try transaction.execute(
      "DELETE FROM bus_consumers WHERE channel = '*' AND heard_at_us < ?", limit)
    let lines = try transaction.all(
      """
      SELECT channel, least FROM (
        SELECT c.channel, c.pruned,
          coalesce(
            (SELECT min(acknowledged) FROM bus_consumers b WHERE b.channel = c.channel),
            CASE c.channel WHEN '*' THEN c.head ELSE 0 END) AS least
        FROM bus_channels c)
      WHERE least > pruned
      """
    ) { row throws(StorageError) in (try row.text(0), try row.int64(1)) }
    var pruned: [(Channel, Int64)] = []
    for (text, through) in lines {
      guard let channel = Channel(text: text) else { continue }
      try transaction.execute(
        "DELETE FROM bus_log WHERE channel = ? AND sequence <= ?", text, through)
      try transaction.execute(
        "UPDATE bus_channels SET pruned = ? WHERE channel = ?", through, text)
      pruned.append((channel, through))
    }
    return pruned
  }
}
