internal import Base
internal import Messages

/// Decides what is to be mailed of an alert after each thing that happens to it.
///
/// - The same alert raised twice is one, unless it got worse; one that is over may be raised anew.
/// - A trouble that was over before it had lasted for the hold-off is not mailed.
/// - Its end is mailed only where its beginning was.
/// - A mail that certainly did not arrive leaves what it said to the next one.
///
/// A value: no clock, no database, no network.
struct AlertPolicy: Sendable {
  /// Whether mails are configured.
  var isMailed = true
  var holdOff = Duration.seconds(60)
  /// Refusals before a dead letter.
  var refusalsAllowed = 5
  /// What could not be said for that long is a dead letter.
  var patience = Duration.seconds(7 * 86_400)

  func raised(_ old: AlertStanding?, _ event: RaiseAlert, by node: NodeID, at now: Instant)
    -> AlertStanding
  {
    let isAnEvent = event.isEvent ?? false
    if var known = old, known.endedAt == nil || isAnEvent && known.raisedAt == event.at {
      let isWorse = known.severity == .warning && event.severity == .critical
      known.severity = isWorse ? .critical : known.severity
      known.subject = Self.line(event.subject)
      known.text = String(event.text.prefix(Self.longestText))
      known.updatedAt = now
      return isWorse && known.pending == nil ? tell(known, .raised, now) : known
    }
    let fresh = AlertStanding(
      id: event.id, severity: event.severity, subject: Self.line(event.subject),
      text: String(event.text.prefix(Self.longestText)), node: node,
      raisedAt: event.at, endedAt: isAnEvent ? event.at : nil, inMail: old?.inMail, mail: .off,
      updatedAt: now)
    return tell(fresh, .raised, now)
  }

  /// nil where there is nothing to end.
  func ended(_ old: AlertStanding, _ event: EndAlert, at now: Instant) -> AlertStanding? {
    guard old.endedAt == nil else { return nil }
    var new = old
    new.endedAt = max(event.at, old.raisedAt)
    new.endText = event.text
    new.updatedAt = now
    let lasted = max(event.at, old.raisedAt) - old.raisedAt
    switch (old.pending, old.inMail) {
    case (.raised, nil) where lasted < holdOff:
      new.pending = nil
      new.mail = .off
      new.reason = "It was over before a mail was due."
      return new
    case (.raised, nil): return new
    // Told, or being told, of its beginning.
    default: return old.mail == .off ? new : tell(new, .ended, now)
    }
  }

  /// When what is pending may be mailed; nil: nothing is.
  func due(_ alert: AlertStanding) -> Instant? {
    guard alert.pending != nil else { return nil }
    return alert.endedAt == nil ? alert.raisedAt + holdOff : alert.raisedAt
  }

  /// A mail that says it is about to be sent.
  func mailing(_ old: AlertStanding, at now: Instant) -> AlertStanding {
    var new = old
    new.inMail = old.pending
    new.pending = nil
    new.attempts += 1
    new.updatedAt = now
    return new
  }

  func mailed(_ old: AlertStanding, at now: Instant) -> AlertStanding {
    guard old.inMail != nil else { return old }
    var new = old
    new.inMail = nil
    new.refusals = 0
    new.mail = old.pending == nil ? .sent : .queued
    new.reason = nil
    if old.pending == nil { new.pendingSince = nil }
    new.updatedAt = now
    return new
  }

  /// It certainly did not arrive.
  func failed(_ old: AlertStanding, _ error: MailError, at now: Instant) -> AlertStanding {
    guard let notice = old.inMail else { return old }
    var new = old
    new.inMail = nil
    // What ended meanwhile is told at once, as something that was.
    new.pending = notice == .raised ? .raised : old.pending ?? notice
    new.refusals += error.kind.isRefusal ? 1 : 0
    new.reason = error.reason
    new.mail = .waiting
    new.updatedAt = now
    let isTooOld = old.pendingSince.map { now - $0 >= patience } ?? false
    if new.refusals >= refusalsAllowed || isTooOld {
      new.mail = .dead
      new.pending = nil
    }
    return new
  }

  /// The mail that says it may have arrived; it is sent again as it was.
  func unanswered(_ old: AlertStanding, _ error: MailError, at now: Instant) -> AlertStanding {
    var new = old
    new.mail = .waiting
    new.reason = error.reason
    new.attempts += 1
    new.updatedAt = now
    return new
  }

  /// A person wants it mailed again; nil where that makes no sense.
  func retried(_ old: AlertStanding, at now: Instant) -> AlertStanding? {
    guard old.mail == .dead || old.mail == .waiting else { return nil }
    var new = tell(old, .raised, now)
    new.refusals = 0
    return new
  }

  /// A person has seen it: no more mails of what is known.
  func dismissed(_ old: AlertStanding, at now: Instant) -> AlertStanding {
    var new = old
    new.pending = nil
    new.pendingSince = nil
    if new.mail != .sent { new.mail = .off }
    new.reason = "A person has dismissed it."
    new.updatedAt = now
    return new
  }

  /// In characters; what others say may be of any length.
  private static let longestText = 4000

  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 }.prefix(150))
  }

  private func tell(
    _ old: AlertStanding, _ notice: AlertStanding.Notice, _ now: Instant
  ) -> AlertStanding {
    var new = old
    guard isMailed else {
      new.mail = .off
      new.reason = "No mail server is configured."
      return new
    }
    new.pending = notice
    new.pendingSince = now
    new.mail = .queued
    new.reason = nil
    return new
  }
}
