import Base
import Bus
import Messages
import Storage

/// Keeps a copy of what the scheduler, the delivery service and the feeder say, and passes each change
/// on to the open pages once it is on disk.
///
/// Every event carries the whole state of its subject, so storing the latest is enough, and storing
/// one twice changes nothing.
struct ReadModel: Sendable {
  let settings: GatewaySettings
  let feed: LiveFeed
  let desk: CommandDesk

  func register(in handlers: inout BusHandlers) {
    handlers.follow(settings.scheduler) { [feed] transaction in
      try StreamCatalog.forget(transaction)
      try ScheduleCatalog.forget(transaction)
      try RecordingCatalog.forget(transaction)
      try ConversionCatalog.forget(transaction)
      try HolidayCatalog.forget(transaction)
      try LockCatalog.forget(transaction)
      transaction.afterCommit { feed.tell(.reload, [String: String]()) }
    }
    handlers.follow(settings.delivery) { [feed] transaction in
      try DeliveryCatalog.forget(transaction)
      try AlertCatalog.forget(transaction)
      transaction.afterCommit { feed.tell(.reload, [String: String]()) }
    }
    handlers.follow(settings.feeder) { [feed] transaction in
      try FeedCatalog.forget(transaction)
      transaction.afterCommit { feed.tell(.reload, [String: String]()) }
    }
    registerArchive(in: &handlers)
    handlers.on(StreamChanged.self) { try apply($0, $2) }
    handlers.on(StreamStatusChanged.self) { try apply($0, $2) }
    handlers.on(ScheduleChanged.self) { try apply($0, $2) }
    handlers.on(RecordingChanged.self) { try apply($0, $2) }
    handlers.on(HolidaysChanged.self) { try apply($0, $2) }
    handlers.on(TapeLocksChanged.self) { try apply($0, $2) }
    handlers.on(DestinationChanged.self) { try apply($0, $2) }
    handlers.on(DeliveryChanged.self) { try apply($0, $2) }
    handlers.on(DeliveriesForgotten.self) { [feed] change, _, transaction in
      try DeliveryCatalog.remove(change.deliveries, transaction)
      transaction.afterCommit {
        for id in change.deliveries { feed.tellRemoved(.delivery, id.text) }
      }
    }
    handlers.on(DeliveryIdentity.self) { try apply($0, $2) }
    handlers.on(CommandOutcome.self) { try desk.settle($0, $2) }
    handlers.onTelemetry(DeliveryProgress.self) { [feed] progress, _ in
      feed.tell(.progress, progress)
    }
  }

  func apply(_ change: StreamChanged, _ transaction: Transaction) throws {
    try StreamCatalog.store(change, transaction)
    try tellStream(change.id, transaction)
  }

  func apply(_ change: StreamStatusChanged, _ transaction: Transaction) throws {
    try StreamCatalog.store(change.status, transaction)
    try tellStream(change.status.stream, transaction)
  }

  func apply(_ change: ScheduleChanged, _ transaction: Transaction) throws {
    try ScheduleCatalog.store(change, transaction)
    transaction.afterCommit { [feed] in
      guard let view = ScheduleView(change) else {
        return feed.tellRemoved(.schedule, change.id.text)
      }
      feed.tell(.schedule, view)
    }
  }

  func apply(_ change: RecordingChanged, _ transaction: Transaction) throws {
    try RecordingCatalog.store(change.recording, transaction)
    transaction.afterCommit { [feed] in feed.tell(.recording, change.recording) }
  }

  func apply(_ change: HolidaysChanged, _ transaction: Transaction) throws {
    try HolidayCatalog.store(change, transaction)
    transaction.afterCommit { [feed] in
      guard let holidays = change.holidays else {
        return feed.tellRemoved(.holidays, change.id.text)
      }
      feed.tell(.holidays, holidays)
    }
  }

  func apply(_ change: TapeLocksChanged, _ transaction: Transaction) throws {
    try LockCatalog.store(change, transaction)
    transaction.afterCommit { [feed] in feed.tell(.locks, change) }
  }

  func apply(_ change: DestinationChanged, _ transaction: Transaction) throws {
    try DeliveryCatalog.store(change, transaction)
    transaction.afterCommit { [feed] in
      guard let view = DestinationView(change) else {
        return feed.tellRemoved(.destination, change.id.text)
      }
      feed.tell(.destination, view)
    }
  }

  func apply(_ change: DeliveryChanged, _ transaction: Transaction) throws {
    try DeliveryCatalog.store(change.delivery, transaction)
    transaction.afterCommit { [feed] in feed.tell(.delivery, change.delivery) }
  }

  func apply(_ identity: DeliveryIdentity, _ transaction: Transaction) throws {
    try DeliveryCatalog.store(identity, transaction)
    transaction.afterCommit { [feed] in feed.tell(.identity, identity) }
  }

  private func tellStream(_ id: StreamID, _ transaction: Transaction) throws {
    let view = try StreamCatalog.find(id, transaction)
    transaction.afterCommit { [feed] in
      guard let view else { return feed.tellRemoved(.stream, id.text) }
      feed.tell(.stream, view)
    }
  }
}
