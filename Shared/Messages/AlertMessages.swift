public import Base

public enum AlertSeverity: String, Codable, Hashable, Sendable, CaseIterable {
  /// Something is lost, or will be unless somebody acts.
  case critical
  case warning
}

/// A service has something that a person should hear of. Said to the delivery service, which keeps
/// the alerts and mails them. The same `id` twice is one alert; one that is over may be raised anew.
public struct RaiseAlert: DurableMessage, Hashable {
  public static let type = "alert.raise"
  /// What it is about, the same each time: `stream-down.radio-one`, `recording-missed.<job>`.
  public var id: AlertID
  public var severity: AlertSeverity
  /// The mail's subject: at most 150 characters, no line breaks.
  public var subject: String
  /// Sentences for people: what happened, since when, what to do.
  public var text: String
  /// Since when.
  public var at: Instant
  /// Something that happened and does not last: it is over at once and needs no `EndAlert`. nil is
  /// false.
  public var isEvent: Bool?

  public init(
    id: AlertID, severity: AlertSeverity, subject: String, text: String, at: Instant,
    isEvent: Bool? = nil
  ) {
    self.id = id
    self.severity = severity
    self.subject = subject
    self.text = text
    self.at = at
    self.isEvent = isEvent
  }
}

/// What an alert told of is over; one that is not open is ignored.
public struct EndAlert: DurableMessage, Hashable {
  public static let type = "alert.end"
  public var id: AlertID
  /// How it ended.
  public var text: String
  public var at: Instant

  public init(id: AlertID, text: String, at: Instant) {
    self.id = id
    self.text = text
    self.at = at
  }
}

/// What became of an alert's mail.
public enum AlertMailState: String, Codable, Hashable, Sendable, CaseIterable {
  /// No mail is sent: none is configured, or it was over before one was due (`reason` says which).
  case off
  /// Waits for its turn: alerts of one minute go in one mail.
  case queued
  case sent
  /// Failed; the next try is set.
  case waiting
  /// Used up its tries, or the server refused it for good.
  case dead
}

public struct Alert: Codable, Hashable, Sendable {
  public var id: AlertID
  public var severity: AlertSeverity
  public var subject: String
  public var text: String
  /// Who raised it.
  public var node: NodeID
  public var raisedAt: Instant
  /// nil while it lasts.
  public var endedAt: Instant?
  public var mail: AlertMailState
  /// Tries to mail it.
  public var attempts: Int
  /// One sentence, where the mail's state needs one.
  public var reason: String?
  public var retryAt: Instant?
  public var updatedAt: Instant

  public init(
    id: AlertID, severity: AlertSeverity, subject: String, text: String, node: NodeID,
    raisedAt: Instant, endedAt: Instant? = nil, mail: AlertMailState, attempts: Int = 0,
    reason: String? = nil, retryAt: Instant? = nil, updatedAt: Instant
  ) {
    self.id = id
    self.severity = severity
    self.subject = subject
    self.text = text
    self.node = node
    self.raisedAt = raisedAt
    self.endedAt = endedAt
    self.mail = mail
    self.attempts = attempts
    self.reason = reason
    self.retryAt = retryAt
    self.updatedAt = updatedAt
  }
}

public struct AlertChanged: DurableMessage, Hashable {
  public static let type = "alert.changed"
  public var id: AlertID
  /// nil once it is forgotten.
  public var alert: Alert?

  public init(id: AlertID, alert: Alert?) {
    self.id = id
    self.alert = alert
  }
}

/// The state of alert mails: said at every start and at each change.
public struct MailerChanged: DurableMessage, Hashable {
  public static let type = "mailer.changed"
  /// Who gets the mails; empty when none are configured.
  public var recipients: [String]
  /// One sentence while the server does not take mails (its circuit is open).
  public var fault: String?

  public init(recipients: [String], fault: String? = nil) {
    self.recipients = recipients
    self.fault = fault
  }
}

/// Mails an alert again whose mail is dead or waiting.
public struct RetryAlert: CommandMessage, Hashable {
  public static let type = "alert.retry"
  public var alert: AlertID

  public init(alert: AlertID) { self.alert = alert }
}

/// Gives up mailing an alert, and forgets it where it is over.
public struct DismissAlert: CommandMessage, Hashable {
  public static let type = "alert.dismiss"
  public var alert: AlertID

  public init(alert: AlertID) { self.alert = alert }
}

/// Mails a test message to all recipients; the outcome says what the server said.
public struct TestMail: CommandMessage, Hashable {
  public static let type = "mail.test"

  public init() {}
}
