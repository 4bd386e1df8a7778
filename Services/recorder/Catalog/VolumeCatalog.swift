import Storage

/// The row of the tape folder.
enum VolumeCatalog {
  static func known(_ transaction: Transaction) throws(StorageError) -> TapeVolume.Known? {
    try transaction.first("SELECT mark, path, is_apart FROM volume") {
      (row: borrowing Row) throws(StorageError) in
      TapeVolume.Known(
        mark: try row.text(0), path: try row.text(1), isApart: try row.bool(2))
    }
  }

  static func store(
    _ known: TapeVolume.Known, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO volume (id, mark, path, is_apart) VALUES (1, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET mark = excluded.mark, path = excluded.path,
        is_apart = excluded.is_apart
      """, known.mark, known.path, known.isApart)
  }
}
