internal import Base
internal import Messages
internal import Storage

/// The rows of streams, and what recorders said last of their captures.
enum StreamCatalog {
  static func find(
    _ id: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> StreamDefinition? {
    try transaction.first("SELECT definition FROM streams WHERE id = ?", id) {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [StreamDefinition] {
    try transaction.all("SELECT definition FROM streams ORDER BY id") {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }

  static func save(
    _ stream: StreamDefinition, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO streams (id, definition, updated_at_us) VALUES (?, ?, ?)
      ON CONFLICT (id) DO UPDATE
      SET definition = excluded.definition, updated_at_us = excluded.updated_at_us
      """, stream.id, try StoredJSON.encode(stream), now)
  }

  static func remove(_ id: StreamID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM captures WHERE stream = ?", id)
    try transaction.execute("DELETE FROM streams WHERE id = ?", id)
  }

  /// The name of a schedule that uses the stream; nil when none does.
  static func user(
    of id: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> ScheduleDefinition? {
    try transaction.first(
      "SELECT definition FROM schedules WHERE stream = ? ORDER BY id LIMIT 1", id
    ) { row throws(StorageError) in try StoredJSON.decode(row.text(0)) }
  }

  static func saveCapture(
    _ status: CaptureStatus, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO captures (stream, node, status) VALUES (?, ?, ?)
      ON CONFLICT (stream, node) DO UPDATE SET status = excluded.status, is_doubtful = 0
      """, status.stream, status.node, try StoredJSON.encode(status))
  }

  static func captures(_ transaction: Transaction) throws(StorageError) -> [CaptureStatus] {
    try transaction.all("SELECT status FROM captures ORDER BY stream, node") {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }

  /// As followers are to see them: of a silent recorder not what it said last.
  static func shownCaptures(
    at now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [CaptureStatus] {
    try transaction.all("SELECT status, is_doubtful FROM captures ORDER BY stream, node") {
      row throws(StorageError) in
      let status: CaptureStatus = try StoredJSON.decode(row.text(0))
      return try row.bool(1) ? doubtful(status, since: now) : status
    }
  }

  /// What there is to say of a capture whose recorder is not heard from.
  static func doubtful(_ status: CaptureStatus, since: Instant) -> CaptureStatus {
    var shown = status
    shown.state = .waiting
    shown.reason = "\(status.node) is not heard from: whether it captures is not known."
    shown.since = since
    shown.health = StreamHealth(score: 0, reasons: ["Its recorder is not heard from."])
    return shown
  }

  /// Notes that a recorder is silent; what it said last of what it was capturing.
  static func doubtCaptures(
    of node: NodeID, _ transaction: Transaction
  ) throws(StorageError) -> [CaptureStatus] {
    let active = try captures(of: node, isDoubtful: false, transaction)
      .filter { $0.state != .idle }
    for status in active {
      try transaction.execute(
        "UPDATE captures SET is_doubtful = 1 WHERE stream = ? AND node = ?", status.stream, node)
    }
    return active
  }

  /// Notes that it is heard again; what holds as it said it, unless it says something newer.
  static func trustCaptures(
    of node: NodeID, _ transaction: Transaction
  ) throws(StorageError) -> [CaptureStatus] {
    let doubted = try captures(of: node, isDoubtful: true, transaction)
    guard !doubted.isEmpty else { return [] }
    try transaction.execute("UPDATE captures SET is_doubtful = 0 WHERE node = ?", node)
    return doubted
  }

  private static func captures(
    of node: NodeID, isDoubtful: Bool, _ transaction: Transaction
  ) throws(StorageError) -> [CaptureStatus] {
    try transaction.all(
      "SELECT status FROM captures WHERE node = ? AND is_doubtful = ? ORDER BY stream", node,
      isDoubtful
    ) { row throws(StorageError) in try StoredJSON.decode(row.text(0)) }
  }

  /// The recorders that have ever captured a stream.
  static func tapes(
    of stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> [NodeID] {
    try transaction.all("SELECT node FROM captures WHERE stream = ? ORDER BY node", stream) {
      row throws(StorageError) in try row.identifier(0)
    }
  }

  /// What giving out work needs to know of streams.
  static func assignment(
    _ transaction: Transaction
  ) throws(StorageError) -> AssignmentRound.Streams {
    var streams = AssignmentRound.Streams()
    // Most streams ask for nothing, and are not read.
    let asking = try transaction.all(
      """
      SELECT definition FROM streams
      WHERE definition LIKE '%"tags":[%' OR definition LIKE '%"isDoubled":true%'
      """
    ) { row throws(StorageError) in
      try StoredJSON.decode(row.text(0), as: StreamDefinition.self)
    }
    for stream in asking {
      if let tags = stream.tags, !tags.isEmpty { streams.tags[stream.id] = Set(tags) }
      if stream.isDoubled == true { streams.doubled.insert(stream.id) }
    }
    let rows = try transaction.all("SELECT stream, node FROM captures ORDER BY stream, node") {
      row throws(StorageError) in
      (try row.identifier(0, as: StreamID.self), try row.identifier(1, as: NodeID.self))
    }
    for (stream, node) in rows { streams.tapes[stream, default: []].append(node) }
    return streams
  }
}
