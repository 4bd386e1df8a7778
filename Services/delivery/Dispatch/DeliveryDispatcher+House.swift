internal import Base
internal import Bus
internal import Messages
internal import Storage

/// What the dispatcher does now and then so that nothing grows without end.
struct Housekeeping: Sendable {
  var task: Task<Void, Never>?
  var interruption: Interruption?
  /// When uploads that nobody goes on with are looked for again.
  var nextAt = Instant.epoch

  func interrupt() { interruption?.trigger() }
}

extension DeliveryDispatcher {
  /// At most so many go in one transaction and one message.
  private static let pruneBatch = 500

  /// Begins what is due of it, one thing at a time.
  func keepHouse(_ counts: [DeliveryState: Int]) {
    let finished = (counts[.delivered] ?? 0) + (counts[.discarded] ?? 0)
    // A little above the bound, so that not each delivery prunes.
    let isFull = finished > limits.keptDeliveries + limits.keptDeliveries / 10
    guard housekeeping.task == nil, !isStopping else { return }
    guard isFull || time.now() >= housekeeping.nextAt else { return }
    housekeeping.nextAt = time.now() + .seconds(600)
    housekeeping.task = Task {
      do {
        if isFull { try await prune() }
        try await abortAbandoned()
      } catch {
        log.warning("what is left over cannot be removed yet", ("reason", "\(error)"))
      }
      housekeeping.task = nil
    }
  }

  /// Forgets the oldest of what ended, in the transaction that says so to all who follow.
  private func prune() async throws {
    let (kept, outbox) = (limits.keptDeliveries, book.outbox)
    var gone: [DeliveryID]
    repeat {
      gone = try await database.write { transaction in
        let gone = try DeliveryCatalog.prune(keeping: kept, limit: Self.pruneBatch, transaction)
        if !gone.isEmpty {
          try outbox.publish(DeliveriesForgotten(deliveries: gone), in: transaction)
        }
        return gone
      }
      for id in gone { DeliveryLog(folder: logsFolder, delivery: id).remove() }
    } while gone.count == Self.pruneBatch && !isStopping
  }

  /// Takes uploads in parts away at their servers whose deliveries were discarded.
  private func abortAbandoned() async throws {
    for id in try await database.read({ try MultipartCatalog.abandoned($0) }) where !isStopping {
      let row = try await database.read { transaction in
        try DeliveryCatalog.find(id, transaction).flatMap {
          try DestinationCatalog.find($0.destination, transaction)
        }
      }
      guard tasks[id] == nil else { continue }
      guard case .s3(let endpoint) = row?.place(privateKeyPath: "") else {
        // The destination is gone, and with it the right to clean up there.
        try await database.write { try MultipartCatalog.remove(id, $0) }
        continue
      }
      let interruption = try Interruption()
      housekeeping.interruption = interruption
      try await newS3Uploader(named: "bucket-cleanup").cleanUp(
        id, at: endpoint, interruption: interruption)
      log.info("an abandoned upload was taken away", ("delivery", id))
    }
  }
}
