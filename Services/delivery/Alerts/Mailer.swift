internal import Base
internal import CCurl
internal import Glibc
internal import Synchronization

/// Hands mails to one SMTP server by libcurl, one after another on a thread of its own, since
/// libcurl's easy interface blocks it.
///
/// Owns nothing between two mails. Success means that the server has taken the mail for at least one
/// recipient.
actor Mailer {
  private let thread = DedicatedThread(named: "mailer")
  private let settings: MailSettings
  private let stop = StopFlag()

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(_ settings: MailSettings) { self.settings = settings }

  nonisolated var from: String { settings.from }
  nonisolated var recipients: [String] { settings.to }

  /// Ends what is being sent within a second; later mails too.
  nonisolated func interrupt() { stop.raise() }

  /// Answers with what the server remarked, where it refused a recipient.
  func send(_ message: MailMessage) throws(MailError) -> String? {
    let transfer = MailTransfer(message.bytes, stop: stop)
    return try transfer.run(settings)
  }
}

/// Tells the mailer's thread from another that it is to end.
final class StopFlag: Sendable {
  private let flag = Atomic(false)

  func raise() { flag.store(true, ordering: .relaxed) }

  var isRaised: Bool { flag.load(ordering: .relaxed) }
}

/// One mail on its way: owns the libcurl handle, feeds it the message, and keeps what the server says.
///
/// Lives on the mailer's thread; libcurl holds it by an unretained pointer while `run` runs.
private final class MailTransfer {
  private let bytes: [UInt8]
  private let stop: StopFlag
  private var position = 0
  /// Everything was given to libcurl, the end included: from here on it may have arrived.
  private var isHandedOver = false
  /// The server's last reply.
  private var reply = ""
  /// What it said of recipients that it does not take.
  private var refusal: String?

  private static let library: Void = { curl_global_init(Int(CURL_GLOBAL_ALL)) }()

  init(_ bytes: [UInt8], stop: StopFlag) {
    self.bytes = bytes
    self.stop = stop
    _ = MailTransfer.library
  }

  func run(_ settings: MailSettings) throws(MailError) -> String? {
    guard let easy = curl_easy_init() else { preconditionFailure("out of memory") }
    defer { curl_easy_cleanup(easy) }
    let password = settings.user.isEmpty ? nil : try settings.password.read()
    var recipients: UnsafeMutablePointer<curl_slist>?
    for address in settings.to { recipients = curl_slist_append(recipients, "<\(address)>") }
    defer { curl_slist_free_all(recipients) }
    setUp(easy, settings, password)
    airloom_curl_set_list(easy, CURLOPT_MAIL_RCPT, recipients)
    let code = curl_easy_perform(easy)
    var status = 0
    airloom_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
    guard code == CURLE_OK else { throw error(code, status, settings) }
    return refusal.map { "The mail server does not take every recipient (\($0))." }
  }

  private func setUp(
    _ easy: UnsafeMutableRawPointer, _ settings: MailSettings, _ password: Secret?
  ) {
    let scheme = settings.security == .implicit ? "smtps" : "smtp"
    // The path is the name that we greet with.
    airloom_curl_set_text(
      easy, CURLOPT_URL, "\(scheme)://\(settings.host):\(settings.port)/\(MailTransfer.hostName)")
    airloom_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
    airloom_curl_set_text(easy, CURLOPT_PROXY, "")
    airloom_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
    let security =
      switch settings.security {
      case .implicit, .required: CURLUSESSL_ALL
      case .opportunistic: CURLUSESSL_TRY
      case .none: CURLUSESSL_NONE
      }
    airloom_curl_set_long(easy, CURLOPT_USE_SSL, Int(security.rawValue))
    if !settings.caFile.isEmpty { airloom_curl_set_text(easy, CURLOPT_CAINFO, settings.caFile) }
    let milliseconds = Int(settings.timeout.inSeconds * 1000)
    airloom_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
    airloom_curl_set_long(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, max(1, milliseconds / 1000))
    airloom_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds * 4)
    if let password {
      airloom_curl_set_text(easy, CURLOPT_USERNAME, settings.user)
      airloom_curl_set_text(
        easy, CURLOPT_PASSWORD, String(decoding: password.bytes, as: UTF8.self))
    }
    airloom_curl_set_text(easy, CURLOPT_MAIL_FROM, "<\(settings.from)>")
    airloom_curl_set_long(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1)
    airloom_curl_set_long(easy, CURLOPT_UPLOAD, 1)
    setCallbacks(easy)
  }

  private func setCallbacks(_ easy: UnsafeMutableRawPointer) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    for option in [CURLOPT_READDATA, CURLOPT_HEADERDATA, CURLOPT_XFERINFODATA] {
      airloom_curl_set_pointer(easy, option, context)
    }
    airloom_curl_set_long(easy, CURLOPT_NOPROGRESS, 0)
    airloom_curl_set_reader(easy) { bytes, size, count, context in
      MailTransfer.from(context).give(
        UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
    }
    airloom_curl_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      MailTransfer.from(context).hear(UnsafeRawBufferPointer(start: bytes, count: size * count))
      return size * count
    }
    airloom_curl_set_watcher(easy) { context, _, _, _, _ in
      MailTransfer.from(context).stop.isRaised ? 1 : 0
    }
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> MailTransfer {
    guard let context else { preconditionFailure("a libcurl callback came without its mail") }
    return Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
  }

  private func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, bytes.count - position)
    buffer.copyBytes(from: bytes[position..<position + count])
    position += count
    isHandedOver = count == 0
    return count
  }

  private func hear(_ line: UnsafeRawBufferPointer) {
    let text = String(decoding: line, as: UTF8.self).filter { !$0.isNewline }
    reply = String(text.unicodeScalars.filter { $0.value >= 0x20 }.map(Character.init).prefix(200))
    // Replies to anything but recipients that begin so end the whole transfer.
    if reply.hasPrefix("55") || reply.hasPrefix("45") { refusal = reply }
  }

  private func error(
    _ code: CURLcode, _ status: Int, _ settings: MailSettings
  ) -> MailError {
    let server = "\(settings.host):\(settings.port)"
    let cause = String(cString: curl_easy_strerror(code))
    if isHandedOver, !(400...599).contains(status) {
      return MailError(
        .uncertain,
        "\(server) did not say whether it took the mail (\(cause)): it is sent again under the same "
          + "id.")
    }
    switch code {
    case CURLE_ABORTED_BY_CALLBACK: return MailError(.interrupted, "The mail was stopped.")
    case CURLE_LOGIN_DENIED:
      return MailError(
        .authentication,
        "\(server) does not accept the user \(settings.user) and the password (\(reply)): correct "
          + "them.")
    case CURLE_USE_SSL_FAILED, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      return MailError(
        .insecure,
        "\(server) has no secure connection to offer (\(cause)): check its certificate, and [alerts] "
          + "starttls.")
    case CURLE_COULDNT_RESOLVE_HOST:
      return MailError(.unreachable, "The name \(settings.host) was not found.")
    case CURLE_COULDNT_CONNECT:
      return MailError(
        .unreachable, "\(server) cannot be reached (\(cause)): see whether the mail server runs.")
    default: break
    }
    return switch status {
    case 400...499: MailError(.busy, "\(server) cannot take mails now (\(refusal ?? reply)).")
    case 500...599: MailError(.refused, "\(server) does not take the mail (\(refusal ?? reply)).")
    default:
      MailError(
        .unreachable, "The connection to \(server) broke off before the mail was sent (\(cause)).")
    }
  }

  /// The name of this host, where it is one that may stand in a greeting.
  private static let hostName: String = {
    var buffer = [UInt8](repeating: 0, count: 256)
    let result = buffer.withUnsafeMutableBytes { bytes -> Int32 in
      guard let start = bytes.bindMemory(to: CChar.self).baseAddress else { return -1 }
      return gethostname(start, bytes.count - 1)
    }
    let name = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    let isSound = name.utf8.allSatisfy {
      (48...57) ~= $0 || (65...90) ~= $0 || (97...122) ~= $0 || $0 == 45 || $0 == 46
    }
    return result == 0 && isSound && !name.isEmpty ? name : "localhost"
  }()
}
