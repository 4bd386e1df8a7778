import Base
import Messages
import Storage

/// The ledger read from its rows.
extension TapeLedger {
  /// Read in one piece, so that a year is never in memory nor on the database's thread at once.
  static let stride = Duration.seconds(86_400)

  /// Of [from, to); what lasts still ends at `to`.
  static func account(
    of stream: StreamID, from: Instant, to: Instant, in database: Database
  ) async throws -> LedgerAccount {
    var captured: [TimeSpan] = []
    let (wanted, gaps) = try await rows(of: stream, from: from, to: to, in: database)
    // Only where somebody wanted it: a tape may be silent for months.
    for span in wanted.united() {
      var start = span.start
      while start < span.end {
        let end = min(span.end, start + stride)
        let piece = TimeSpan(start: start, end: end)
        captured += try await database.read {
          try SegmentCatalog.spans(stream, from: piece.start, to: piece.end, $0)
        }
        captured = captured.united(within: LedgerAccount.seam)
        start = end
      }
    }
    return LedgerAccount(wanted: wanted, captured: captured, gaps: gaps)
  }

  /// When the stream was wanted in [from, to), and what is known of times without sound.
  static func rows(
    of stream: StreamID, from: Instant, to: Instant, in database: Database
  ) async throws -> (wanted: [TimeSpan], gaps: [Gap]) {
    try await database.read { transaction in
      (
        wanted: try settled(
          try WantedCatalog.overlapping(stream, from: from, to: to, transaction), of: stream,
          transaction
        ),
        gaps: try GapCatalog.overlapping(stream, from: from, to: to, transaction)
      )
    }
  }

  /// What is being written now, or waits for the disk, is not told of yet.
  private static func settled(
    _ wanted: [TimeSpan], of stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> [TimeSpan] {
    guard let since = try WantedCatalog.open(transaction)[stream],
      try GapCatalog.openCause(stream, transaction) == nil,
      let end = try SegmentCatalog.end(stream, transaction), end > since
    else { return wanted }
    return wanted.compactMap { span in
      let isComing = span.end > end && span.end - end < underWay
      return isComing ? span.clamped(from: span.start, to: end) : span
    }
  }

  /// The longest segment and what a capture holds in memory for a faulty disk.
  static let underWay = Duration.seconds(240)
}
