import Base
import FoundationEssentials
import Messages
import Storage
import TestSupport

/// What the services' databases say, read when the services have ended (each has the only
/// connection to its file).
struct Books: Sendable {
  struct SchedulerRow: Sendable {
    let id: String
    let schedule: String
    let state: String
    let reason: String?
    let token: Int64
    let canonicalToken: Int64?
    let file: FinishedFile?
  }

  struct RecorderRow: Sendable {
    let job: String
    let token: Int64
    let state: String
    let finalPath: String?
    let file: FinishedFile?
  }

  struct DeliveryRow: Sendable {
    let id: String
    let recording: String
    let state: String
    let attempts: Int
  }

  let recordings: [SchedulerRow]
  let results: [RecorderRow]
  let deliveries: [DeliveryRow]
  let streams: [String]
  let schedules: [String]
  /// By node: messages that could not be applied, as type and reason.
  let setAside: [String: [String]]
  /// By node, addressee and type: entries that nobody has acknowledged, but for those that were said
  /// as the services ended; these wait for the next start.
  let unacknowledged: [String: Int]

  init(of home: String, nodes: [String], endedAt: Instant) async throws {
    func database(_ node: String) throws -> Database {
      try Database(path: "\(home)/data/\(node).sqlite", schemas: [])
    }
    let scheduler = try database("scheduler")
    recordings = try await scheduler.read(Books.schedulerRows)
    streams = try await scheduler.read { try $0.all("SELECT id FROM streams", read: Books.text) }
    schedules = try await scheduler.read {
      try $0.all("SELECT id FROM schedules", read: Books.text)
    }
    results = try await database("recorder-1").read(Books.recorderRows)
    deliveries = try await database("delivery").read(Books.deliveryRows)
    var setAside: [String: [String]] = [:]
    var unacknowledged: [String: Int] = [:]
    for node in nodes {
      let (aside, waiting) = try await (node == "scheduler" ? scheduler : database(node)).read {
        (
          try $0.all("SELECT type || ': ' || reason FROM bus_set_aside", read: Books.text),
          try $0.all(Books.waiting, endedAt - .seconds(1), read: Books.text)
        )
      }
      if !aside.isEmpty { setAside[node] = aside }
      for channel in waiting { unacknowledged["\(node) to \(channel)", default: 0] += 1 }
    }
    (self.setAside, self.unacknowledged) = (setAside, unacknowledged)
  }

  /// What has been acknowledged is pruned a little later.
  private static let waiting = """
    SELECT log.channel || ' ' || log.type FROM bus_log AS log
    LEFT JOIN bus_consumers AS consumer
      ON consumer.node = log.channel AND consumer.channel = log.channel
    WHERE log.channel <> '*' AND log.sequence > ifnull(consumer.acknowledged, 0)
      AND log.created_at_us < ?
    """

  @Sendable private static func schedulerRows(_ transaction: Transaction) throws -> [SchedulerRow] {
    let rows = try transaction.all(
      """
      SELECT id, schedule, state, reason, token, canonical_token, file FROM recordings
      ORDER BY start_us
      """
    ) { (row: borrowing Row) throws(StorageError) in
      (
        try row.text(0), try row.text(1), try row.text(2), try row.optionalText(3),
        try row.int64(4), try row.optionalInt64(5), try row.optionalText(6)
      )
    }
    return try rows.map { row in
      SchedulerRow(
        id: row.0, schedule: row.1, state: row.2, reason: row.3, token: row.4,
        canonicalToken: row.5, file: try row.6.map { try decode(Array($0.utf8)) })
    }
  }

  @Sendable private static func recorderRows(_ transaction: Transaction) throws -> [RecorderRow] {
    let rows = try transaction.all("SELECT job, token, state, final_path, file FROM recordings") {
      (row: borrowing Row) throws(StorageError) in
      (
        try row.text(0), try row.int64(1), try row.text(2), try row.optionalText(3),
        row.isNull(4) ? nil : try row.blob(4)
      )
    }
    return try rows.map { row in
      RecorderRow(
        job: row.0, token: row.1, state: row.2, finalPath: row.3,
        file: try row.4.map { try decode($0) })
    }
  }

  @Sendable private static func deliveryRows(_ transaction: Transaction) throws -> [DeliveryRow] {
    try transaction.all("SELECT id, recording, state, attempts FROM deliveries") {
      (row: borrowing Row) throws(StorageError) in
      DeliveryRow(
        id: try row.text(0), recording: try row.text(1), state: try row.text(2),
        attempts: try row.int(3))
    }
  }

  @Sendable private static func text(_ row: borrowing Row) throws(StorageError) -> String {
    try row.text(0)
  }

  private static func decode(_ bytes: [UInt8]) throws -> FinishedFile {
    try JSONDecoder().decode(FinishedFile.self, from: Data(bytes))
  }
}
