internal import Base
internal import Messages
internal import Storage

/// A destination with what is known of its health.
struct DestinationRow: Hashable, Sendable {
  var destination: Destination
  /// One sentence while nothing can be sent there.
  var fault: String?
  /// What the server showed, where it is not the confirmed key.
  var foundHostKey: String?
  /// S3: the access key's secret as it came, locked for this service.
  var sealedSecret: String?

  var server: String { "\(destination.host):\(destination.port)" }

  /// What one failure tells of: a server; of one with buckets only the bucket and the access key,
  /// since thousands of others share it. As `DeliveryCatalog.due` says it.
  var route: String {
    guard destination.kind == .s3, let bucket = destination.bucket else { return server }
    return "\(server)/\(bucket.name)/\(destination.user)"
  }

  /// Whether both lead to the same place in the same way, whatever is known of its health.
  func hasSettings(of other: DestinationRow) -> Bool {
    destination == other.destination && sealedSecret == other.sealedSecret
  }

  var event: DestinationChanged {
    DestinationChanged(
      id: destination.id, destination: destination, fault: fault, foundHostKey: foundHostKey)
  }

  func place(privateKeyPath: String) -> UploadPlace {
    if let bucket = destination.bucket, destination.kind == .s3 {
      return .s3(
        S3Endpoint(
          host: destination.host, port: destination.port, bucket: bucket,
          accessKey: destination.user, sealedSecret: sealedSecret))
    }
    return .sftp(
      SSHEndpoint(
        host: destination.host, port: destination.port, user: destination.user,
        hostKey: destination.hostKey, privateKeyPath: privateKeyPath))
  }
}

/// The rows of destinations.
enum DestinationCatalog {
  private static let columns = """
    id, name, kind, host, port, user, folder, host_key, is_enabled, fault, found_host_key, bucket,
    region, is_tls, uses_path_style, sealed_secret
    """

  static func find(
    _ id: DestinationID, _ transaction: Transaction
  ) throws(StorageError) -> DestinationRow? {
    try transaction.first(
      "SELECT \(columns) FROM destinations WHERE id = ?", id, read: read)
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [DestinationRow] {
    try transaction.all("SELECT \(columns) FROM destinations ORDER BY id", read: read)
  }

  static func save(
    _ row: DestinationRow, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    let destination = row.destination
    try transaction.execute(
      """
      INSERT INTO destinations (\(columns), updated_at_us)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
        host = excluded.host, port = excluded.port, user = excluded.user,
        folder = excluded.folder, host_key = excluded.host_key,
        is_enabled = excluded.is_enabled, fault = excluded.fault,
        found_host_key = excluded.found_host_key, bucket = excluded.bucket,
        region = excluded.region, is_tls = excluded.is_tls,
        uses_path_style = excluded.uses_path_style, sealed_secret = excluded.sealed_secret,
        updated_at_us = excluded.updated_at_us
      """, destination.id, destination.name, destination.kind.rawValue, destination.host,
      destination.port, destination.user, destination.folder, destination.hostKey,
      destination.isEnabled, row.fault, row.foundHostKey, destination.bucket?.name,
      destination.bucket?.region, destination.bucket?.isTLS, destination.bucket?.usesPathStyle,
      row.sealedSecret, now)
  }

  /// False where nothing changed.
  static func setFault(
    _ fault: String?, foundHostKey: String?, of id: DestinationID, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    try transaction.execute(
      """
      UPDATE destinations SET fault = ?, found_host_key = ?
      WHERE id = ? AND (fault IS NOT ? OR found_host_key IS NOT ?)
      """, fault, foundHostKey, id, fault, foundHostKey) > 0
  }

  static func remove(_ id: DestinationID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM destinations WHERE id = ?", id)
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> DestinationRow {
    let kind = try row.text(2)
    guard let kind = Destination.Kind(rawValue: kind) else {
      throw StorageError(.misuse, "a destination has the unknown kind '\(kind)'")
    }
    return DestinationRow(
      destination: Destination(
        id: try row.identifier(0), name: try row.text(1), kind: kind, host: try row.text(3),
        port: try row.int(4), user: try row.text(5), folder: try row.text(6),
        bucket: try bucket(row), hostKey: try row.optionalText(7), isEnabled: try row.bool(8)),
      fault: try row.optionalText(9), foundHostKey: try row.optionalText(10),
      sealedSecret: try row.optionalText(15))
  }

  private static func bucket(_ row: borrowing Row) throws(StorageError) -> S3Bucket? {
    guard let name = try row.optionalText(11) else { return nil }
    return S3Bucket(
      name: name, region: try row.text(12), isTLS: try row.bool(13),
      usesPathStyle: try row.bool(14))
  }
}
