internal import Base

/// Why a transfer failed, in a form to decide from (`kind`) and one to show (`description`).
public struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// The URL or a header cannot be sent as it is.
    case invalidRequest
    /// The host's name was not found, or the name server did not answer.
    case dns
    /// Nobody listens at that port or socket.
    case refused
    case unreachable
    /// The host has only addresses that the client's `AddressFilter` refuses.
    case forbiddenAddress
    case tls
    /// Longer than `connectTimeout` or `timeout`.
    case timeout
    /// Connected, and nothing came for `stallTimeout`.
    case stalled
    /// 400 and above.
    case status(Int)
    case tooLarge
    /// More redirects than allowed, or to something other than HTTP.
    case redirect
    /// The connection ended before the answer did.
    case interrupted
    /// What came is not HTTP.
    case protocolViolation
    case cancelled
  }

  public let kind: Kind
  /// Without user part and query values.
  public let url: String
  /// The cause in words, without secrets.
  public let detail: String
  /// What the server asked for in `Retry-After`, where it gave seconds.
  public let retryAfter: Duration?

  init(_ kind: Kind, url: String, detail: String = "", retryAfter: Duration? = nil) {
    self.kind = kind
    self.url = Redactor.redact(url)
    self.detail = Redactor.redact(detail)
    self.retryAfter = retryAfter
  }

  /// For those who follow redirects themselves.
  public static func badRedirect(_ url: String) -> HTTPError { HTTPError(.redirect, url: url) }

  /// What an `AddressFilter` says of an address that it does not let through.
  public static func forbidden(_ url: String) -> HTTPError {
    HTTPError(.forbiddenAddress, url: url)
  }

  /// Not an address of the web.
  public static func unusable(_ url: String) -> HTTPError {
    HTTPError(.invalidRequest, url: url, detail: "an address begins with http:// or https://")
  }

  public var description: String {
    let cause = detail.isEmpty ? "" : ": \(detail)"
    return switch kind {
    case .invalidRequest: "\(url) cannot be requested\(cause)"
    case .dns: "the host of \(url) was not found; check its spelling and the name server"
    case .refused: "nobody listens at \(url) (connection refused)"
    case .unreachable: "\(url) cannot be reached\(cause)"
    case .forbiddenAddress: "\(url) is at an address of a private network or of this machine"
    case .tls: "\(url) has no secure connection to offer\(cause)"
    case .timeout: "\(url) took too long\(cause)"
    case .stalled: "\(url) stopped sending"
    case .status(let code): "\(url) answered \(code)\(HTTPError.meaning(of: code))"
    case .tooLarge: "\(url) sent more than the size allowed"
    case .redirect: "\(url) redirects too often or to something that is not HTTP"
    case .interrupted: "\(url) closed the connection before its answer was complete"
    case .protocolViolation: "\(url) does not speak HTTP properly\(cause)"
    case .cancelled: "the request to \(url) was cancelled"
    }
  }

  private static func meaning(of code: Int) -> String {
    switch code {
    case 401: " (it wants a user and a password, or others than were given)"
    case 403: " (it forbids access)"
    case 404: " (there is nothing at this address)"
    case 410: " (it is gone for good)"
    case 429: " (too many requests)"
    case 503: " (it is not available at present)"
    default: ""
    }
  }
}
