internal import Base
internal import Messages

/// Where one alert stands, as its row keeps it.
struct AlertStanding: Hashable, Sendable {
  /// What a mail has to say of an alert.
  enum Notice: String, Hashable, Sendable {
    /// That it is there, or was while nobody could be told.
    case raised
    /// That what an earlier mail told of is over.
    case ended
  }

  let id: AlertID
  var severity: AlertSeverity
  var subject: String
  var text: String
  var node: NodeID
  var raisedAt: Instant
  /// nil while it lasts.
  var endedAt: Instant?
  /// How it ended.
  var endText: String?
  /// What is still to be said.
  var pending: Notice?
  /// Since when; what cannot be said for long is given up.
  var pendingSince: Instant?
  /// What the mail that is on its way says of it.
  var inMail: Notice?
  var mail: AlertMailState
  /// Mails tried that said something of it.
  var attempts = 0
  /// Of these, those that the server refused, since the last new start.
  var refusals = 0
  var reason: String?
  var updatedAt: Instant

  func alert(retryAt: Instant?) -> Alert {
    Alert(
      id: id, severity: severity, subject: subject, text: fullText, node: node,
      raisedAt: raisedAt, endedAt: endedAt, mail: mail, attempts: attempts, reason: reason,
      retryAt: mail == .waiting ? retryAt : nil, updatedAt: updatedAt)
  }

  /// With how it ended.
  private var fullText: String {
    guard let endText, !endText.isEmpty else { return text }
    return "\(text)\n\(endText)"
  }
}
