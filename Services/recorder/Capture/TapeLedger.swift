import Base
import Messages
import Storage

/// What a capture has to say to the database, in order: segments that are on disk, when the stream was
/// wanted, and what is known of gaps. `LedgerAccount` is what comes of it.
enum TapeLedger {
  enum Change: Sendable {
    case segment(Segment)
    case wanted(from: Instant)
    case unwanted(at: Instant)
    case gapOpened(Instant, SourceFailure)
    case gapClosed(Instant)
    /// Everything that was said to be missing since then is missing only up to `end`.
    case outageOver(since: Instant, end: Instant)
    case gap(Gap)
    /// What was said to be missing from there on was only late.
    case gapsWithdrawn(from: Instant)
    case title(AnnouncedTitle)
  }

  /// In one transaction, so that a failed one can be repeated whole.
  static func write(
    _ changes: [Change], of stream: StreamID, to database: Database
  ) async throws {
    try await database.write { transaction in
      for change in changes {
        switch change {
        case .segment(let segment): try SegmentCatalog.insert(segment, transaction)
        case .wanted(let start): try WantedCatalog.open(stream, at: start, transaction)
        case .unwanted(let end): try WantedCatalog.close(stream, at: end, transaction)
        case .gapOpened(let start, let failure):
          try GapCatalog.open(stream, at: start, failure.cause, failure.sentence, transaction)
        case .gapClosed(let end): try GapCatalog.close(stream, at: end, transaction)
        case .outageOver(let since, let end):
          try GapCatalog.cutOutage(stream, since: since, to: end, transaction)
        case .gap(let gap): try GapCatalog.insert(stream, gap, transaction)
        case .gapsWithdrawn(let start):
          try GapCatalog.withdraw(stream, from: start, transaction)
        case .title(let title): try TitleCatalog.insert(stream, title, transaction)
        }
      }
    }
  }
}
