/// Why a mail was not taken: a closed kind, from which what is done about it is chosen, and one
/// sentence for a person.
struct MailError: Error, Hashable, Sendable, CustomStringConvertible {
  enum Kind: String, CaseIterable, Codable, Sendable {
    /// No connection, or it broke before the mail was handed over.
    case unreachable
    /// No TLS, or a certificate that is not valid for that host.
    case insecure
    /// The server does not accept user and password.
    case authentication
    /// The server says that it cannot now (4xx).
    case busy
    /// The server does not take the mail or any recipient (5xx).
    case refused
    /// The settings cannot work.
    case misconfigured
    /// The mail was handed over and no answer came: it may have arrived.
    case uncertain
    /// Stopped from our side.
    case interrupted

    /// Whether trying again alone will hardly help.
    var isRefusal: Bool {
      switch self {
      case .refused, .authentication, .misconfigured, .insecure: true
      case .unreachable, .busy, .uncertain, .interrupted: false
      }
    }
  }

  let kind: Kind
  /// One sentence: what is wrong and what to do.
  let reason: String

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  var description: String { reason }
}
