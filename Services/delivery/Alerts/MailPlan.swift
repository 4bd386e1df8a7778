internal import Configuration
internal import Messages

/// Whether and how mails are sent in this life of the process, as the settings say.
struct MailPlan: Sendable {
  /// nil where none are configured, or what is configured cannot work.
  let mailer: Mailer?
  /// Why what is configured cannot work, in one sentence.
  let problem: String?

  init(_ settings: Settings.Alerts, environment: [String: String]) {
    do throws(MailError) {
      mailer = try MailSettings.read(settings, environment: environment).map(Mailer.init)
      problem = nil
    } catch {
      mailer = nil
      problem = error.reason
    }
  }

  /// Why nobody can be mailed, for whoever asks for it.
  var refusal: String? {
    if let problem { return problem }
    return mailer == nil
      ? "No mail server is configured: set smtp, from and to under [alerts]." : nil
  }

  func message(_ state: MailerState?) -> MailerChanged {
    MailerChanged(
      recipients: mailer?.recipients ?? [],
      fault: problem ?? (mailer == nil ? nil : state?.fault))
  }
}
