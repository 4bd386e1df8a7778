internal import Base
internal import Messages
internal import Storage

/// The record of tries.
enum AttemptCatalog {
  static func begin(
    _ delivery: DeliveryID, number: Int, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "INSERT INTO attempts (delivery, number, begun_at_us) VALUES (?, ?, ?)", delivery, number,
      now)
  }

  static func end(
    _ delivery: DeliveryID, number: Int, with result: Result<Receipt, DeliveryError>,
    at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    switch result {
    case .success(let receipt):
      try transaction.execute(
        """
        UPDATE attempts SET ended_at_us = ?, bytes_sent = ?, was_there = ?, hash_method = ?,
          is_synced = ?
        WHERE delivery = ? AND number = ?
        """, now, receipt.bytesSent, receipt.wasThere, receipt.hashMethod.rawValue,
        receipt.isSynced, delivery, number)
    case .failure(let error):
      try transaction.execute(
        """
        UPDATE attempts SET ended_at_us = ?, kind = ?, reason = ?
        WHERE delivery = ? AND number = ?
        """, now, error.kind.rawValue, error.reason, delivery, number)
    }
  }
}

/// Tests of a destination that somebody waits for.
struct AskedTest: Hashable, Sendable {
  let command: MessageID
  let destination: DestinationID
}

enum TestCatalog {
  static func add(
    _ test: AskedTest, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "INSERT OR IGNORE INTO tests (command, destination, asked_at_us) VALUES (?, ?, ?)",
      test.command, test.destination, now)
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [AskedTest] {
    try transaction.all("SELECT command, destination FROM tests ORDER BY asked_at_us, command") {
      row throws(StorageError) in
      AskedTest(command: try row.identifier(0), destination: try row.identifier(1))
    }
  }

  static func remove(_ command: MessageID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM tests WHERE command = ?", command)
  }
}
