internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Carries out what a canonical file brings with it, in the transaction that makes it canonical: the
/// row, the deliveries, and the answers to the recorders.
struct Settlement: Sendable {
  let book: RecordingBook
  let outbox: Outbox
  /// The node that delivers finished files.
  let delivery: NodeID

  /// Stores the outcome of an offer of one of `holders`, who had it before.
  ///
  /// - Returns: the recorders whose sets change.
  func store(
    _ entry: ScheduledRecording, _ outcome: ScheduledRecording.Outcome,
    before: ScheduledRecording, _ transaction: Transaction
  ) throws -> Set<NodeID> {
    switch outcome {
    case .repeated, .refused, .waits: return []
    case .held, .worse: try book.save(entry, transaction)
    case .committed(let offer):
      try book.save(entry, transaction)
      try deliver(entry, offer, replacing: before.details.earlier, transaction)
      for node in Set(before.holders + [before.details.offer?.node].compactMap(\.self)).sorted()
      where node != offer.node {
        try settle(entry, node, token: entry.recording.token, isCanonical: false, transaction)
      }
      try settle(entry, offer.node, token: offer.token, isCanonical: true, transaction)
    }
    return Set(before.holders + entry.holders)
  }

  func settle(
    _ entry: ScheduledRecording, _ node: NodeID, token: Int64, isCanonical: Bool,
    _ transaction: Transaction
  ) throws {
    try outbox.send(
      RecordingSettled(job: entry.id, token: token, isCanonical: isCanonical), to: node,
      in: transaction)
  }

  /// What was made again is delivered again under its own name; what is still on its way of the file
  /// before is not sent any more.
  private func deliver(
    _ entry: ScheduledRecording, _ offer: ScheduledRecording.Offer,
    replacing earlier: ScheduledRecording.Earlier?, _ transaction: Transaction
  ) throws {
    let job = entry.id
    for destination in entry.recording.destinations {
      if let earlier {
        for id in [
          Self.deliveryID(job, destination),
          Self.deliveryID(job, destination, remadeUnder: earlier.token),
        ] {
          try outbox.send(DiscardDelivery(delivery: id), to: delivery, in: transaction)
          try DeliveryLockCatalog.remove(id, transaction)
        }
      }
      let id = Self.deliveryID(
        job, destination, remadeUnder: earlier == nil ? nil : offer.token)
      let request = Deliver(
        delivery: id, recording: job, destination: destination, file: offer.file)
      try outbox.send(request, to: delivery, in: transaction)
      try DeliveryLockCatalog.add(id, of: entry.recording, transaction)
    }
  }

  /// The same delivery however often it is asked for.
  static func deliveryID(
    _ job: JobID, _ destination: DestinationID, remadeUnder token: Int64? = nil
  ) -> DeliveryID {
    let identity = "\(job)|\(destination)" + (token.map { "|\($0)" } ?? "")
    return DeliveryID(unchecked: hexadecimal(SHA256.hash(identity.utf8).prefix(16)))
  }
}
