import Base
import Glibc
import Messages
import Metrics
import Storage

/// Removes from the tapes what may go, a few segments at a time, and never anything that is locked,
/// wanted by a recording that is not over, or the newest of its tape.
///
/// | step | after a kill here |
/// | --- | --- |
/// | rows away, gap `not-kept`, paths into `removals`: one transaction | `finishRemovals` at the start |
/// | files unlinked, their folders synced | the same; unlinking again does no harm |
/// | paths out of `removals` | complete |
///
/// So there is never a row without its file, nor a file that nobody knows of. What must stay is read
/// in the transaction that removes, so that a lock that was stored before counts (decision 0017).
actor RetentionKeeper {
  struct Environment: Sendable {
    /// The tape folder.
    let root: String
    let database: Database
    let time: any TimeSource
    let policy: RetentionPolicy
    let metrics: HealthMetrics
    let log: Logger
  }

  /// Of one transaction.
  static let batch = 200

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "retention")
  private let environment: Environment

  init(_ environment: Environment) { self.environment = environment }

  /// Brings an earlier process's removals to their end; before the tapes are reconciled.
  func finishRemovals() async throws {
    let paths = try await environment.database.read { try RetentionCatalog.removals($0) }
    try await unlinkAll(paths)
  }

  /// One round over all tapes; returns the bytes that went. `wanted`: so many more are needed at once.
  @discardableResult
  func round(wanted: Int64 = 0) async throws -> Int64 {
    try await finishRemovals()
    var removed: Int64 = 0
    let sizes = try await environment.database.read { try RetentionCatalog.sizes($0) }
    let bounds = try await environment.database.read { transaction in
      Dictionary(
        try RecordingCatalog.streams(transaction).map { ($0.id, $0.retention) },
        uniquingKeysWith: { first, _ in first })
    }
    for stream in sizes.keys.sorted() {
      let own = RetentionPolicy.Bounds(
        bounds[stream.owner].flatMap { $0 }, defaults: environment.policy.defaults)
      guard own.age != nil || own.bytes != nil else { continue }
      while case let bytes = try await trim(stream, own), bytes > 0 { removed += bytes }
    }
    while case let bytes = try await trimAll(), bytes > 0 { removed += bytes }
    for stream in sizes.keys.sorted() where removed < wanted {
      removed += try await makeRoom(stream, wanted - removed)
    }
    return removed
  }

  private func trim(_ stream: StreamID, _ bounds: RetentionPolicy.Bounds) async throws -> Int64 {
    let (policy, now) = (environment.policy, environment.time.now())
    return try await remove { transaction in
      let held = try RetentionCatalog.sizes(transaction)[stream] ?? 0
      return policy.due(
        try RetentionKeeper.oldest(stream, now, transaction), of: bounds, holding: held,
        newest: try RetentionCatalog.newest(stream, transaction), now: now)
    }
  }

  private func trimAll() async throws -> Int64 {
    let (policy, now) = (environment.policy, environment.time.now())
    guard let most = policy.totalBytes else { return 0 }
    return try await remove { transaction in
      let sizes = try RetentionCatalog.sizes(transaction)
      let held = sizes.values.reduce(0, +)
      guard held > most else { return [] }
      var pieces: [RetentionPolicy.Piece] = []
      var newest: [StreamID: Int64] = [:]
      for stream in sizes.keys {
        pieces += try RetentionKeeper.oldest(stream, now, transaction)
        newest[stream] = try RetentionCatalog.newest(stream, transaction)
      }
      return policy.due(ofAll: pieces, holding: held, newest: newest, now: now)
        .prefix(RetentionKeeper.batch).map { ($0, .size) }
    }
  }

  private func makeRoom(_ stream: StreamID, _ wanted: Int64) async throws -> Int64 {
    let (policy, now) = (environment.policy, environment.time.now())
    return try await remove { transaction in
      let newest = try RetentionCatalog.newest(stream, transaction)
      let kept = try RetentionCatalog.kept(
        stream, at: now, grace: RetentionPolicy.grace, transaction)
      var due: [(RetentionPolicy.Piece, RetentionPolicy.Reason)] = []
      var rest = wanted
      for window in try RetentionCatalog.settled(stream, limit: 20, transaction) where rest > 0 {
        let pieces = try RetentionCatalog.segments(
          stream, from: window.start, to: window.end, limit: RetentionKeeper.batch, transaction
        ).filter { piece in !kept.contains { piece.overlaps($0) } }
        for piece in policy.early(pieces, in: window, bytes: rest, newest: newest, now: now) {
          due.append((piece, .space))
          rest -= piece.bytes
        }
      }
      return due
    }
  }

  /// The oldest pieces of a tape that nothing keeps.
  private static func oldest(
    _ stream: StreamID, _ now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [RetentionPolicy.Piece] {
    let kept = try RetentionCatalog.kept(
      stream, at: now, grace: RetentionPolicy.grace, transaction)
    let end = now - RetentionPolicy.youngest
    var found: [RetentionPolicy.Piece] = []
    var from = Instant.epoch
    while found.count < batch, from < end {
      let page = try RetentionCatalog.segments(
        stream, from: from, to: end, limit: batch, transaction)
      guard let last = page.last else { break }
      from = Instant(microseconds: last.start.microseconds + 1)
      for piece in page {
        if let span = kept.first(where: { piece.overlaps($0) }) {
          // What lies in the span need not be looked at, however long it is.
          from = max(Instant(microseconds: piece.start.microseconds + 1), span.end)
          break
        }
        found.append(piece)
      }
    }
    return Array(found.prefix(batch))
  }

  private func remove(
    _ choose:
      @escaping @Sendable (Transaction) throws -> [(
        RetentionPolicy.Piece, RetentionPolicy.Reason
      )]
  ) async throws -> Int64 {
    let due = try await environment.database.write { transaction in
      let due = try choose(transaction)
      for reason in RetentionPolicy.Reason.allCases {
        try RetentionCatalog.remove(
          due.filter { $0.1 == reason }.map(\.0), why: reason.sentence, transaction)
      }
      return due
    }
    guard !due.isEmpty else { return 0 }
    try await unlinkAll(due.map(\.0.path))
    for (piece, reason) in due {
      environment.metrics.removedBytes.with(reason.rawValue).increment(by: Int(piece.bytes))
    }
    for reason in RetentionPolicy.Reason.allCases {
      let pieces = due.filter { $0.1 == reason }.map(\.0)
      guard let first = pieces.first, let last = pieces.last else { continue }
      environment.log.info(
        "tape removed", ("stream", first.stream), ("from", first.start), ("to", last.end),
        ("segments", pieces.count), ("why", reason.rawValue))
    }
    return due.reduce(0) { $0 + $1.0.bytes }
  }

  private func unlinkAll(_ paths: [String]) async throws {
    guard !paths.isEmpty else { return }
    var gone: [String] = []
    for path in paths {
      let absolute = environment.root + "/" + path
      guard unlink(absolute) == 0 || errno == ENOENT else {
        environment.log.warning("segment's file not removed", ("path", path))
        continue
      }
      gone.append(path)
    }
    // A power cut must not bring back what no row names.
    for folder in Set(gone.map { DurableFile.folder(of: $0) }) { settle(folder) }
    let done = gone
    try await environment.database.write { try RetentionCatalog.forgetRemovals(done, $0) }
  }

  /// Makes the removal durable, and takes folders away that hold nothing any more.
  private func settle(_ folder: String) {
    var folder = folder
    while folder.contains("/") {
      let absolute = environment.root + "/" + folder
      if rmdir(absolute) != 0 {
        try? Syscall.syncFolder(absolute)
        return
      }
      folder = DurableFile.folder(of: folder)
    }
    try? Syscall.syncFolder(environment.root + "/" + folder)
  }
}

extension RetentionPolicy.Piece {
  func overlaps(_ span: TimeSpan) -> Bool { start < span.end && end > span.start }
}
