import Base
import Configuration
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_delivery

/// The service with a real mail server.
@Suite("Alerts by mail")
struct AlertMailTests {
  private static func settings(_ server: MailServer) -> Settings.Alerts {
    var settings = Settings().alerts
    settings.smtp = "smtp://127.0.0.1:\(server.port)"
    settings.starttls = "off"
    settings.from = "airloom@example.org"
    settings.to = ["ops@example.org"]
    settings.interval = .milliseconds(50)
    settings.holdOff = .zero
    settings.retryFirst = .milliseconds(100)
    settings.retryCap = .milliseconds(300)
    settings.timeout = .seconds(5)
    settings.attempts = 2
    return settings
  }

  private func raise(_ bench: DeliveryBench, _ id: String, isEvent: Bool? = nil) async throws {
    try await bench.say(
      RaiseAlert(
        id: AlertID(unchecked: id), severity: .critical, subject: "Subject of \(id) ü",
        text: "Text of \(id).", at: SystemTimeSource().now(), isEvent: isEvent))
  }

  private func alert(_ bench: DeliveryBench, _ id: String) async throws -> Alert? {
    try await bench.said(AlertChanged.self).last { $0.id.text == id }?.alert
  }

  private func until(
    _ bench: DeliveryBench, _ id: String, is state: AlertMailState
  ) async throws {
    try await eventually("\(id) is \(state)", within: .seconds(120)) {
      try await self.alert(bench, id)?.mail == state
    }
  }

  private func messageIDs(_ server: MailServer) throws -> [String] {
    try server.mails().flatMap { mail in
      mail.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("Message-ID:") }
    }.map(String.init)
  }

  @Test("an alert is mailed, its end too, and both are said")
  func mailed() async throws {
    let server = try await MailServer.start()
    let bench = try await DeliveryBench.start(alerts: Self.settings(server))
    try await raise(bench, "one")
    try await until(bench, "one", is: .sent)
    try await bench.say(
      EndAlert(id: AlertID(unchecked: "one"), text: "It is over.", at: SystemTimeSource().now()))
    try await eventually("the end is mailed", within: .seconds(120)) {
      try server.mails().count == 2
    }
    let mails = try server.mails()
    // In which order the server's folder lists two mails of one second is not told.
    #expect(mails.allSatisfy { $0.contains("X-Envelope-To: ops@example.org") })
    #expect(mails.allSatisfy { $0.contains("Text of one.") })
    #expect(mails.count { $0.contains("It is over.") } == 1)
    #expect(try await bench.said(MailerChanged.self).last?.recipients == ["ops@example.org"])
    try await raise(bench, "event", isEvent: true)
    try await until(bench, "event", is: .sent)
    #expect(try await alert(bench, "event")?.endedAt != nil)
  }

  @Test("a server that is away opens the breaker; back, it gets one digest, over restarts too")
  func outage() async throws {
    let server = try await MailServer.start()
    let bench = try await DeliveryBench.start(alerts: Self.settings(server))
    await server.kill()
    try await raise(bench, "first")
    try await eventually("the breaker is open", within: .seconds(120)) {
      try await bench.said(MailerChanged.self).last?.fault != nil
    }
    for number in 1...20 { try await raise(bench, "alert-\(number)") }
    try await bench.restart()
    #expect(try await bench.said(MailerChanged.self).last?.fault != nil)
    try await until(bench, "alert-20", is: .waiting)
    let back = try await server.restarted()
    for number in 1...20 { try await until(bench, "alert-\(number)", is: .sent) }
    try await until(bench, "first", is: .sent)
    let mails = try back.mails()
    #expect(mails.count == 1)
    for number in 1...20 { #expect(mails[0].contains("Text of alert-\(number).")) }
    try await eventually("all is well again", within: .seconds(120)) {
      try await bench.said(MailerChanged.self).last?.fault == nil
    }
  }

  @Test("a mail whose answer was lost is sent again under the same id")
  func lostAnswer() async throws {
    let server = try await MailServer.start()
    let bench = try await DeliveryBench.start(alerts: Self.settings(server))
    try server.set(.forget)
    try await raise(bench, "one")
    try await until(bench, "one", is: .waiting)
    try server.set(.accept)
    try await raise(bench, "two")
    try await until(bench, "one", is: .sent)
    try await until(bench, "two", is: .sent)
    // However often it came, the receiver can tell that it is one mail.
    #expect(Set(try messageIDs(server)).count == 2)
    #expect(try messageIDs(server).count >= 3)
    let second = try server.mails().filter { $0.contains("Text of two.") }
    #expect(second.count == 1 && !second[0].contains("Text of one."))
  }

  @Test("a crash while a mail is on its way sends it again as it was")
  func crash() async throws {
    let server = try await MailServer.start()
    let bench = try await DeliveryBench.start(alerts: Self.settings(server))
    try server.set(.stall)
    try await raise(bench, "one")
    try await eventually("the mail is on its way", within: .seconds(120)) {
      try await bench.database.read { try MailCatalog.outgoing($0) } != nil
    }
    try await bench.crash()
    try server.set(.accept)
    try await until(bench, "one", is: .sent)
    #expect(Set(try messageIDs(server)).count == 1)
  }

  @Test("a refusal becomes a dead letter with the server's words, and is retried by a person")
  func refused() async throws {
    let server = try await MailServer.start()
    let bench = try await DeliveryBench.start(alerts: Self.settings(server))
    try server.set(.refuse)
    try await raise(bench, "one")
    try await until(bench, "one", is: .dead)
    #expect(try await alert(bench, "one")?.reason?.contains("550") == true)
    #expect(try await bench.command(TestMail()).refusal == .failed)
    try server.set(.accept)
    let id = AlertID(unchecked: "one")
    #expect(try await bench.command(RetryAlert(alert: id)).refusal == nil)
    try await until(bench, "one", is: .sent)
    #expect(try await bench.command(RetryAlert(alert: id)).refusal == .conflict)
    try await bench.say(EndAlert(id: id, text: "Over.", at: SystemTimeSource().now()))
    try await eventually("both are mailed", within: .seconds(120)) { try server.mails().count == 2 }
    #expect(try await bench.command(DismissAlert(alert: id)).refusal == nil)
    #expect(try await bench.said(AlertChanged.self).last?.alert == nil)
    #expect(try await bench.command(DismissAlert(alert: id)).refusal == .notFound)
  }

  @Test("a busy server is waited for, and a recipient that is refused does not keep the others")
  func busy() async throws {
    let server = try await MailServer.start()
    var settings = Self.settings(server)
    settings.to = ["nobody@example.org", "ops@example.org"]
    let bench = try await DeliveryBench.start(alerts: settings)
    try server.set(.busy)
    try await raise(bench, "one")
    try await eventually("it failed more often than a refusal may", within: .seconds(120)) {
      try await self.alert(bench, "one")?.attempts ?? 0 >= 4
    }
    try server.set(.accept)
    try await until(bench, "one", is: .sent)
    #expect(try server.mails().count == 1)
    #expect(try await alert(bench, "one")?.reason?.contains("550") == true)
  }

  @Test("TLS and a login, by STARTTLS and from the first byte; the password is nowhere")
  func secure() async throws {
    for security in [MailServer.Security.startTLS, .implicit] {
      let login = (user: "airloom", password: "word-that-nobody-sees")
      let server = try await MailServer.start(security: security, login: login)
      var settings = Self.settings(server)
      settings.smtp = (security == .implicit ? "smtps" : "smtp") + "://localhost:\(server.port)"
      settings.starttls = "required"
      settings.caFile = server.certificate
      settings.user = login.user
      let folder = try TemporaryFolder()
      settings.passwordFile = try folder.file("password", "wrong\n")
      let bench = try await DeliveryBench.start(alerts: settings)
      let refused = try await bench.command(TestMail())
      #expect(refused.refusal == .failed && refused.text?.contains("password") == true)
      try folder.file("password", login.password + "\n")
      let outcome = try await bench.command(TestMail())
      #expect(outcome.refusal == nil, "\(outcome)")
      #expect(try server.mails().first?.contains("X-Transport: tls") == true)
      let canary = Array("word-that-nobody".utf8)
      for name in TemporaryFolder.names(in: bench.folder.path) {
        let bytes = (try? DurableFile.read(bench.folder(name))) ?? []
        #expect(bytes.firstRange(of: canary) == nil, "\(name) holds the password")
      }
      settings.caFile = ""
      let strict = try await DeliveryBench.start(alerts: settings)
      let untrusted = try await strict.command(TestMail())
      #expect(untrusted.refusal == .failed && untrusted.text?.contains("certificate") == true)
    }
  }

  @Test("a dead delivery and a destination that refuses are alerts, one for each destination")
  func ownAlerts() async throws {
    var settings = DeliveryBench.quick
    settings.attempts = 1
    let bench = try await DeliveryBench.start(settings: settings)
    for number in 1...5 {
      try await bench.deliver([1], as: "\(number).mp3", id: "delivery-\(number)")
    }
    let dead = try unwrap(try await alert(bench, "deliveries-dead.nas"))
    #expect(dead.severity == .critical && dead.subject.hasPrefix("5 deliveries need a person"))
    #expect(dead.mail == .off && dead.endedAt == nil)
    try await bench.put(bench.destination(hostKey: "SHA256:" + String(repeating: "A", count: 43)))
    func isOpen(_ id: String) async throws -> Bool? {
      try await alert(bench, id).map { $0.endedAt == nil }
    }
    try await eventually("the destination's fault is an alert", within: .seconds(120)) {
      try await isOpen("destination-fault.nas") == true
    }
    try await bench.put(bench.destination())
    for number in 1...5 {
      try await bench.until(DeliveryID(unchecked: "delivery-\(number)"), is: .delivered)
    }
    for id in ["deliveries-dead.nas", "destination-fault.nas"] {
      try await eventually("\(id) is over", within: .seconds(120)) { try await isOpen(id) == false }
    }
    #expect(try await bench.command(TestMail()).refusal == .conflict)
  }
}
