internal import Base
internal import Configuration

/// Where mails go and how, read from the settings once; what cannot work is found here and not at
/// the first alert.
struct MailSettings: Sendable {
  enum Security: Hashable, Sendable { case implicit, required, opportunistic, none }

  let host: String
  let port: Int
  let security: Security
  let user: String
  let password: PasswordSource
  let from: String
  let to: [String]
  let caFile: String
  let timeout: Duration

  /// Where the password is; read at each use, so that it may be changed without a restart.
  struct PasswordSource: Sendable {
    /// From the environment; wins.
    let given: Secret?
    let path: String

    func read() throws(MailError) -> Secret {
      if let given { return given }
      guard !path.isEmpty else {
        throw MailError(
          .misconfigured,
          "There is a user for the mail server and no password: set [alerts] password_file or "
            + "AIRLOOM_SMTP_PASSWORD.")
      }
      do {
        let line = try DurableFile.read(path).prefix { $0 != 10 && $0 != 13 }
        return Secret(Array(line))
      } catch {
        throw MailError(
          .misconfigured, "The password file \(path) cannot be read (\(error.reason)).")
      }
    }
  }

  /// nil where no mails are wanted.
  static func read(
    _ settings: Settings.Alerts, environment: [String: String]
  ) throws(MailError) -> MailSettings? {
    guard !settings.smtp.isEmpty else { return nil }
    guard let place = place(settings.smtp) else {
      throw MailError(
        .misconfigured,
        "[alerts] smtp must be like \"smtp://mail.example.org:587\", not \"\(settings.smtp)\".")
    }
    guard isAddress(settings.from) else {
      throw MailError(.misconfigured, "[alerts] from must be a mail address.")
    }
    guard !settings.to.isEmpty, settings.to.allSatisfy(isAddress) else {
      throw MailError(.misconfigured, "[alerts] to must be a list of mail addresses.")
    }
    let given = environment["AIRLOOM_SMTP_PASSWORD"].flatMap { $0.isEmpty ? nil : Secret($0) }
    return MailSettings(
      host: place.host, port: place.port,
      security: place.isImplicit
        ? .implicit : security(settings.starttls, hasUser: !settings.user.isEmpty),
      user: settings.user,
      password: PasswordSource(given: given, path: settings.passwordFile), from: settings.from,
      to: settings.to, caFile: settings.caFile, timeout: settings.timeout)
  }

  /// A password is not sent on a line that somebody may have stripped of its TLS.
  private static func security(_ text: String, hasUser: Bool) -> Security {
    switch text {
    case "off": .none
    case "opportunistic": hasUser ? .required : .opportunistic
    default: .required
    }
  }

  private static func place(_ url: String) -> (host: String, port: Int, isImplicit: Bool)? {
    let isImplicit = url.hasPrefix("smtps://")
    guard isImplicit || url.hasPrefix("smtp://") else { return nil }
    var rest = url.dropFirst(isImplicit ? 8 : 7)
    if rest.last == "/" { rest.removeLast() }
    var host = rest
    var port: Int? = isImplicit ? 465 : 25
    let afterAddress = rest.lastIndex(of: "]") ?? rest.startIndex
    if let colon = rest[afterAddress...].firstIndex(of: ":") {
      host = rest[..<colon]
      port = Int(rest[rest.index(after: colon)...])
    }
    let isSound = host.utf8.allSatisfy { byte in
      byte > 0x20 && byte < 0x7F && !"/?#@%\\\"".utf8.contains(byte)
    }
    guard !host.isEmpty, isSound, let port, (1...65_535).contains(port) else { return nil }
    return (String(host), port, isImplicit)
  }

  /// Enough of RFC 5321 that nothing else can be meant: no blanks, no brackets, one @.
  static func isAddress(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    return text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>()[],;:\\\"".utf8.contains($0) }
  }
}
