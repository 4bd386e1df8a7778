internal import Base
internal import Bus
internal import Configuration
internal import Messages
internal import Metrics
internal import Storage

/// Delivery's table of contents: which message goes where, and who does the work.
///
/// - `CommandDesk`: what the scheduler and people ask for
/// - `DeliveryBook`: the one way in which a delivery changes, by `DeliveryPolicy`
/// - `DeliveryDispatcher`: the loop that sends what is due, through `Uploader`s
/// - `IdentityKeeper`, `SealingKeeper`: the key pair that servers must know, and the one that secrets
///   are sealed with
struct DeliveryService: Sendable {
  /// The tables that its database must have.
  static let schemas = [BusSchema.schema, DeliverySchema.schema]

  let handlers: BusHandlers
  let dispatcher: DeliveryDispatcher
  let signals = Signals()

  init(
    home: Home, settings: Settings.Delivery, database: Database, outbox: Outbox,
    metrics: MetricsRegistry, time: any TimeSource = SystemTimeSource(), log: Logger,
    surroundings: DeliveryDispatcher.Surroundings = DeliveryDispatcher.Surroundings()
  ) {
    let secrets = SealingKeeper(folder: home.keys)
    let identity = IdentityKeeper(folder: home.keys) { identity in
      do {
        try await database.write { transaction in
          _ = try outbox.publish(Self.message(identity, secrets), in: transaction)
        }
      } catch {
        log.error("the public key cannot be said to others", ("reason", "\(error)"))
      }
    }
    let book = DeliveryBook(
      policy: DeliveryPolicy(settings), outbox: outbox, signals: signals, time: time, log: log)

    var handlers = BusHandlers()
    CommandDesk(book: book, outbox: outbox, signals: signals, secrets: secrets, time: time)
      .register(in: &handlers)
    handlers.provideSnapshot { transaction in
      let known = identity.known.map { Self.message($0, secrets) }
      return try Self.snapshot(known, transaction)
    }
    self.handlers = handlers

    dispatcher = DeliveryDispatcher(
      limits: DeliveryDispatcher.Limits(settings), database: database, book: book,
      signals: signals, identity: identity, secrets: secrets, logsFolder: home.deliveryLogs,
      metrics: DeliveryMetrics(metrics), time: time, log: log, surroundings: surroundings)
  }

  private static func message(
    _ identity: SSHIdentity, _ secrets: SealingKeeper
  ) -> DeliveryIdentity {
    DeliveryIdentity(publicKey: identity.publicKey, sealingKey: secrets.publicKey)
  }

  /// The whole state as the events that changes are said with.
  private static func snapshot(
    _ identity: DeliveryIdentity?, _ transaction: Transaction
  ) throws -> [any DurableMessage] {
    var messages: [any DurableMessage] = []
    if let identity { messages.append(identity) }
    messages += try DestinationCatalog.all(transaction).map(\.event)
    messages += try DeliveryCatalog.all(transaction).map(\.event)
    return messages
  }
}

extension DeliveryPolicy {
  init(_ settings: Settings.Delivery) {
    self.init(
      backoff: BackoffPolicy(
        base: settings.retryFirst, cap: max(settings.retryFirst, settings.retryCap)),
      tries: settings.attempts)
  }
}

extension DeliveryDispatcher.Limits {
  init(_ settings: Settings.Delivery) {
    self.init(parallel: settings.parallel, longestRest: settings.retryCap)
    keptDeliveries = settings.keptDeliveries
    s3 = S3Limits(
      partBytes: Int64(settings.partMebibytes) << 20, timeout: settings.timeout)
    timeouts.operation = settings.timeout
    timeouts.hash = settings.timeout
    timeouts.connect = min(timeouts.connect, settings.timeout)
    timeouts.handshake = min(timeouts.handshake, settings.timeout)
    timeouts.sync = max(timeouts.sync, settings.timeout)
  }
}
