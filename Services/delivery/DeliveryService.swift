internal import Base
internal import Bus
internal import Configuration
internal import Messages
internal import Metrics
internal import Service
internal import Storage

/// Delivery's table of contents: which message goes where, and who does the work.
///
/// - `CommandDesk`: what the scheduler and people ask for
/// - `DeliveryBook`: the one way in which a delivery changes, by `DeliveryPolicy`
/// - `DeliveryDispatcher`: the loop that sends what is due, through `Uploader`s
/// - `AlertDesk`, `AlertBook`, `AlertMailLoop`: what people must hear of, and the mails that say so
/// - `IdentityKeeper`, `SealingKeeper`: the key pair that servers must know, and the one that secrets
///   are sealed with
struct DeliveryService: Sendable {
  /// The tables that its database must have.
  static let schemas = [BusSchema.schema, DeliverySchema.schema]

  let handlers: BusHandlers
  let dispatcher: DeliveryDispatcher
  let mails: AlertMailLoop
  let signals = Signals()

  /// `afterMails` is told after each turn of the loop that mails what keeps it from working, one
  /// sentence; nil: nothing.
  init(
    node: NodeID, home: Home, settings: Settings.Delivery, alerts: Settings.Alerts,
    database: Database, outbox: Outbox, environment: [String: String] = [:],
    metrics: MetricsRegistry, time: any TimeSource = SystemTimeSource(), log: Logger,
    surroundings: DeliveryDispatcher.Surroundings = DeliveryDispatcher.Surroundings(),
    afterMails: @escaping @Sendable (String?) -> Void = { _ in }
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
    let mail = MailPlan(alerts, environment: environment)
    let alertBook = AlertBook(
      policy: AlertPolicy(alerts, isMailed: mail.mailer != nil), node: node, outbox: outbox,
      wake: Bell(), time: time)
    let book = DeliveryBook(
      policy: DeliveryPolicy(settings), outbox: outbox, alerts: alertBook, signals: signals,
      time: time, log: log)

    var handlers = BusHandlers()
    AlertDesk(book: alertBook, mailProblem: mail.refusal).register(in: &handlers)
    CommandDesk(book: book, outbox: outbox, signals: signals, secrets: secrets, time: time)
      .register(in: &handlers)
    handlers.provideSnapshot { transaction in
      let known = identity.known.map { Self.message($0, secrets) }
      return try Self.snapshot(known, mail, transaction)
    }
    self.handlers = handlers

    dispatcher = DeliveryDispatcher(
      limits: DeliveryDispatcher.Limits(settings), database: database, book: book,
      signals: signals, identity: identity, secrets: secrets, logsFolder: home.deliveryLogs,
      metrics: DeliveryMetrics(metrics), time: time, log: log, surroundings: surroundings)
    mails = AlertMailLoop(
      database: database, book: alertBook, policy: MailerPolicy(alerts), mail: mail,
      metrics: AlertMetrics(metrics), time: time, log: log, afterStep: afterMails)
  }

  private static func message(
    _ identity: SSHIdentity, _ secrets: SealingKeeper
  ) -> DeliveryIdentity {
    DeliveryIdentity(publicKey: identity.publicKey, sealingKey: secrets.publicKey)
  }

  /// The whole state as the events that changes are said with.
  private static func snapshot(
    _ identity: DeliveryIdentity?, _ mail: MailPlan, _ transaction: Transaction
  ) throws -> [any DurableMessage] {
    var messages: [any DurableMessage] = []
    if let identity { messages.append(identity) }
    messages += try DestinationCatalog.all(transaction).map(\.event)
    messages += try DeliveryCatalog.all(transaction).map(\.event)
    messages.append(mail.message(try MailCatalog.state(transaction)))
    messages += try AlertCatalog.all(transaction).map {
      AlertChanged(id: $0.id, alert: $0.alert(retryAt: nil))
    }
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

extension AlertPolicy {
  init(_ settings: Settings.Alerts, isMailed: Bool) {
    self.init(
      isMailed: isMailed, holdOff: settings.holdOff, refusalsAllowed: settings.attempts)
  }
}

extension MailerPolicy {
  init(_ settings: Settings.Alerts) {
    self.init(
      interval: settings.interval, retryFirst: settings.retryFirst, retryCap: settings.retryCap)
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
