internal import Storage

/// What a message does at its receiver, and what the sender's change is: one row each.
enum MessageCatalog {
  static let schema = (
    name: "bench",
    migrations: [
      Migration(
        "one row for each message",
        """
        CREATE TABLE bench_rows (
          run INTEGER NOT NULL,     -- which measurement
          number INTEGER NOT NULL,  -- which message of it
          body TEXT NOT NULL,
          PRIMARY KEY (run, number)
        ) STRICT, WITHOUT ROWID;
        """)
    ]
  )

  static func store(_ message: BenchMessage, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      "INSERT INTO bench_rows (run, number, body) VALUES (?, ?, ?)", message.run, message.number,
      message.padding)
  }
}
