internal import Base
internal import Bus
internal import Messages
internal import Service
internal import Storage

/// The loop that mails what is due: makes one mail of it, stores the mail before it is sent, sends
/// it, and stores what came of it.
///
/// On kill -9:
/// - before the mail is stored nothing has happened;
/// - after that it may have been sent: the next start sends it again as it was, with the same
///   Message-ID, by which the receiver knows it for the same;
/// - a mail that certainly did not arrive is taken apart, so that the next one says everything that
///   has come together until then.
actor AlertMailLoop {
  /// The loop turns at least that often, because the wall clock may be stepped.
  private static let longestWait = Duration.seconds(30)
  /// Alerts that are over and told are kept to that number.
  private static let keptAlerts = 500
  /// Of so many in one mail each failed try is said.
  private static let fewAlerts = 50

  private let database: Database
  private let book: AlertBook
  private let policy: MailerPolicy
  private let mail: MailPlan
  private let metrics: AlertMetrics
  private let time: any TimeSource
  private let log: Logger
  private let afterStep: @Sendable (String?) -> Void
  init(
    database: Database, book: AlertBook, policy: MailerPolicy, mail: MailPlan,
    metrics: AlertMetrics, time: any TimeSource, log: Logger,
    afterStep: @escaping @Sendable (String?) -> Void
  ) {
    self.database = database
    self.book = book
    self.policy = policy
    self.mail = mail
    self.metrics = metrics
    self.time = time
    self.log = log
    self.afterStep = afterStep
  }

  /// Works until the task is cancelled.
  func run() async throws {
    try await say(try await state())
    await withTaskCancellationHandler {
      await book.wake.takeTurns { await step() }
    } onCancel: {
      mail.mailer?.interrupt()
    }
  }

  /// Mails what is due; answers how long nothing will be.
  private func step() async -> Duration {
    do {
      try await prune()
      let counts = try await database.read { try AlertCatalog.counts($0) }
      metrics.show(counts)
      guard let mailer = mail.mailer else {
        afterStep(mail.problem)
        return Self.longestWait
      }
      for test in try await database.read({ try MailCatalog.tests($0) }) {
        try await carryOut(test, with: mailer)
      }
      let next = try await mailDue(with: mailer)
      afterStep(try await state().fault)
      return next.map { min(Self.longestWait, max(.milliseconds(10), $0 - time.now())) }
        ?? Self.longestWait
    } catch {
      log.error("alerts cannot be mailed", ("reason", "\(error)"))
      afterStep("alerts cannot be mailed: \(error)")
      return .seconds(5)
    }
  }

  /// Answers when something will be due.
  private func mailDue(with mailer: Mailer) async throws -> Instant? {
    let now = time.now()
    let (policy, book) = (policy, book)
    let (outgoing, isNew, wait) = try await database.write {
      transaction -> (MailCatalog.Outgoing?, Bool, Instant?) in
      var state = try MailCatalog.state(transaction) ?? policy.newState
      let unanswered = try MailCatalog.outgoing(transaction)
      let pending = try AlertCatalog.pending(transaction)
      let decision = policy.next(
        &state, dues: pending.compactMap(book.policy.due), isUnanswered: unanswered != nil,
        at: now)
      switch decision {
      case .wait(let until): return (nil, false, until)
      case .sendAgain:
        try MailCatalog.save(state, transaction)
        return (unanswered, false, nil)
      case .make:
        state.mails += 1
        let due = pending.filter { book.policy.due($0).map { $0 <= now } ?? false }
        let told = due.map { book.policy.mailing($0, at: now) }
        for alert in told { try AlertCatalog.save(alert, transaction) }
        let digest = AlertDigest(alerts: told)
        let made = MailCatalog.Outgoing(
          messageID: "\(state.mails).\(hexadecimal(randomBytes(8)))@airloom", date: now,
          subject: digest.subject, body: digest.body)
        try MailCatalog.save(made, transaction)
        try MailCatalog.save(state, transaction)
        return (made, true, nil)
      }
    }
    guard let outgoing else { return wait }
    let result = await send(outgoing, with: mailer)
    try await store(result, of: outgoing, isNew: isNew)
    return time.now()
  }

  private func send(
    _ mail: MailCatalog.Outgoing, with mailer: Mailer
  ) async -> Result<String?, MailError> {
    let message = MailMessage(
      from: mailer.from, to: mailer.recipients, id: mail.messageID, date: mail.date,
      subject: mail.subject, body: mail.body)
    do throws(MailError) {
      return .success(try await mailer.send(message))
    } catch {
      return .failure(error)
    }
  }

  private func store(
    _ result: Result<String?, MailError>, of mail: MailCatalog.Outgoing, isNew: Bool
  ) async throws {
    let now = time.now()
    let (policy, book) = (policy, book)
    let error = result.failure
    let isKept = error.map { keeps(mail, isNew, $0, at: now) } ?? false
    let change = try await database.write { transaction -> MailerState? in
      var state = try MailCatalog.state(transaction) ?? policy.newState
      let isNews = policy.ended(&state, error, at: now)
      try MailCatalog.save(state, transaction)
      let retryAt = policy.retryAt(state)
      let told = try AlertCatalog.inMail(transaction)
      for alert in told {
        var new = alert
        switch error {
        case nil:
          new = book.policy.mailed(alert, at: now)
          new.reason = try result.get()
        case let error? where isKept: new = book.policy.unanswered(alert, error, at: now)
        case let error?: new = book.policy.failed(alert, error, at: now)
        }
        // Each try of a long outage would otherwise be thousands of events that say nothing new.
        if told.count <= Self.fewAlerts || new.mail != alert.mail || new.reason != alert.reason {
          try book.save(new, retryAt: retryAt, transaction)
        } else {
          try AlertCatalog.save(new, transaction)
        }
      }
      if !isKept { try MailCatalog.removeOutgoing(transaction) }
      return isNews ? state : nil
    }
    metrics.count(error)
    if let error {
      log.warning("a mail was not sent", ("kind", error.kind.rawValue), ("reason", error.reason))
    } else {
      log.info("a mail was sent", ("id", mail.messageID), ("subject", mail.subject))
    }
    if let change { try await say(change) }
  }

  /// Whether it may have arrived, so that only an answer settles it. That holds for one which was kept
  /// before, as every mail of an earlier life is: what became of it then is not known.
  private func keeps(
    _ mail: MailCatalog.Outgoing, _ isNew: Bool, _ error: MailError, at now: Instant
  ) -> Bool {
    guard now - mail.date < book.policy.patience else { return false }
    return error.kind == .uncertain || !isNew && !error.kind.isRefusal
  }

  // MARK: - Tests

  private func carryOut(_ test: MessageID, with mailer: Mailer) async throws {
    let now = time.now()
    let mail = MailCatalog.Outgoing(
      messageID: "test.\(test)@airloom", date: now, subject: "Airloom: a test",
      body: "This is a test of Airloom's alerts. They will come from this address.")
    let result = await send(mail, with: mailer)
    if result.failure?.kind == .interrupted { return }
    let (policy, outbox) = (policy, book.outbox)
    let change = try await database.write { transaction -> MailerState? in
      var state = try MailCatalog.state(transaction) ?? policy.newState
      // A test that succeeds lets what waits go at once; one that fails says nothing new.
      let isNews = result.failure == nil && policy.answered(&state)
      try MailCatalog.save(state, transaction)
      try MailCatalog.removeTest(test, transaction)
      let outcome =
        switch result {
        case .success(let remark):
          CommandOutcome(
            command: test,
            text: remark
              ?? "The mail server took a mail to \(mailer.recipients.joined(separator: ", ")).")
        case .failure(let error):
          CommandOutcome(command: test, refusal: .failed, field: nil, text: error.reason)
        }
      try outbox.publish(outcome, answering: test, in: transaction)
      return isNews ? state : nil
    }
    if let change { try await say(change) }
  }

  // MARK: - Saying and forgetting

  private func state() async throws -> MailerState {
    let policy = policy
    return try await database.read { try MailCatalog.state($0) ?? policy.newState }
  }

  private func say(_ state: MailerState) async throws {
    let message = mail.message(state)
    let outbox = book.outbox
    try await database.write { transaction in
      _ = try outbox.publish(message, in: transaction)
    }
  }

  private func prune() async throws {
    let book = book
    try await database.write { transaction in
      for id in try AlertCatalog.surplus(keeping: Self.keptAlerts, limit: 500, transaction) {
        try book.forget(id, transaction)
      }
    }
  }
}
