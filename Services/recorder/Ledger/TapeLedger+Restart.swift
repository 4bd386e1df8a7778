import Base
import Messages
import Storage

/// The ledger at the two ends of a process.
extension TapeLedger {
  /// Before anything is captured, and after the tapes were reconciled: closes what the dead process
  /// left open, and enters its absence for every stream that was wanted meanwhile. What is wanted now
  /// stays open, until sound comes.
  static func resume(
    at now: Instant, lead: Duration, _ transaction: Transaction
  ) throws {
    let aliveAt = try RecordingCatalog.lastAlive(transaction) ?? now
    let plans = try RecordingCatalog.unfinished(transaction)
      .filter { $0.isDesired || ($0.phase != .planned && $0.phase != .recording) }
    let open = try WantedCatalog.open(transaction)
    let gaps = try GapCatalog.openStarts(transaction)
    let streams = Set(open.keys).union(gaps.keys).union(plans.map(\.plan.stream))
    for stream in streams.sorted() {
      let rows = LedgerRestart.Stream(
        wantedSince: open[stream], gapSince: gaps[stream],
        tapeEnd: try SegmentCatalog.end(stream, transaction),
        plans: plans.filter { $0.plan.stream == stream.owner }.map {
          TimeSpan(start: $0.plan.paddedStart - lead, end: $0.plan.paddedEnd)
        })
      for change in LedgerRestart.changes(rows, aliveAt: aliveAt, now: now) {
        try apply(change, stream, transaction)
      }
    }
  }

  private static func apply(
    _ change: LedgerRestart.Change, _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) {
    switch change {
    case .closeGap(let end): try GapCatalog.close(stream, at: end, transaction)
    case .closeWanted(let end): try WantedCatalog.close(stream, at: end, transaction)
    case .wanted(let start, let end):
      try WantedCatalog.open(stream, at: start, transaction)
      if let end { try WantedCatalog.close(stream, at: end, transaction) }
    case .gap(let start, let end):
      try GapCatalog.open(
        stream, at: start, .recorderDown, LedgerRestart.sentence, transaction)
      if let end { try GapCatalog.close(stream, at: end, transaction) }
    }
  }

  /// The plan has been looked at for the first time: what it does not want now is not wanted.
  static func closeAll(
    but wanted: Set<StreamID>, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    let open = try WantedCatalog.open(transaction).keys
    for stream in open where !wanted.contains(stream.owner) {
      try close(stream, at: now, transaction)
    }
  }

  /// Not wanted any more, and nobody captures it.
  static func close(
    _ stream: StreamID, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try GapCatalog.close(stream, at: now, transaction)
    try WantedCatalog.close(stream, at: now, transaction)
  }

  /// Wanted by the plan, and not captured because the recorder was told to begin nothing new.
  static func withhold(
    _ stream: StreamID, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try WantedCatalog.open(stream, at: now, transaction)
    guard try GapCatalog.openCause(stream, transaction) != .paused else { return }
    try GapCatalog.open(
      stream, at: now, .paused,
      "The recorder was told to pause: what had not begun was not begun.", transaction)
  }
}
