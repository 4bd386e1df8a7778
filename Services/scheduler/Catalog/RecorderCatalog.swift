internal import Base
internal import Storage

/// The rows of recorders: who was ever heard, and the set that each was last sent.
enum RecorderCatalog {
  struct Desired: Hashable, Sendable {
    /// 0 while nothing was sent.
    var version: Int64 = 0
    var digest = ""
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [NodeID: Desired] {
    let rows = try transaction.all("SELECT node, desired_version, desired_digest FROM recorders") {
      row throws(StorageError) in
      (
        try row.identifier(0, as: NodeID.self),
        Desired(version: try row.int64(1), digest: try row.text(2))
      )
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }

  static func desired(
    of node: NodeID, _ transaction: Transaction
  ) throws(StorageError) -> Desired? {
    try transaction.first(
      "SELECT desired_version, desired_digest FROM recorders WHERE node = ?", node
    ) { row throws(StorageError) in Desired(version: try row.int64(0), digest: try row.text(1)) }
  }

  /// Notes that a recorder came or went.
  static func note(
    _ node: NodeID, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO recorders (node, first_heard_at_us, heard_at_us, desired_version, desired_digest)
      VALUES (?1, ?2, ?2, 0, '')
      ON CONFLICT (node) DO UPDATE SET heard_at_us = excluded.heard_at_us
      """, node, now)
  }

  static func saveDesired(
    _ desired: Desired, of node: NodeID, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "UPDATE recorders SET desired_version = ?, desired_digest = ? WHERE node = ?",
      desired.version, desired.digest, node)
  }
}
