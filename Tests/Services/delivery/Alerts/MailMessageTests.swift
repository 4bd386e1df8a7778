import Base
import Configuration
import Messages
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("A mail as bytes")
struct MailMessageTests {
  private func text(_ subject: String, _ body: String) -> String {
    String(
      decoding: MailMessage(
        from: "a@example.org", to: ["b@example.org", "c@example.org"], id: "1.ab@airloom",
        date: Instant(seconds: 784_111_777), subject: subject, body: body
      ).bytes, as: UTF8.self)
  }

  @Test("has the headers that a mail must have, each once")
  func headers() {
    let lines = text("Radio One is down", "Hello\nworld").split(
      separator: "\r\n", omittingEmptySubsequences: false)
    #expect(
      lines.prefix(6) == [
        "Date: Sun, 6 Nov 1994 08:49:37 +0000", "From: Airloom <a@example.org>",
        "To: b@example.org,", " c@example.org", "Message-ID: <1.ab@airloom>",
        "Subject: Radio One is down",
      ])
    #expect(lines.suffix(4) == ["", "Hello", "world", ""])
  }

  @Test(
    "no text can begin a header of its own or end the message, and none is lost",
    arguments: [
      "plain", "two\r\nBcc: x@example.org", "\n.\nQUIT", "Ωβ “quoted” 日本語 – =?utf-8?B?AA==?=",
      String(repeating: "long ", count: 60), String(repeating: "日", count: 200), "", " ", "a=b",
      "tab\tand\u{0}nul\u{7F}", "blank at the end ",
    ])
  func injection(_ nasty: String) throws {
    let whole = text(nasty, nasty)
    #expect(!whole.replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" })
    let lines = whole.split(separator: "\r\n", omittingEmptySubsequences: false)
    let blank = try #require(lines.firstIndex(of: ""))
    #expect(lines.allSatisfy { $0.utf8.count <= 78 })
    #expect(whole.utf8.allSatisfy { $0 < 0x7F })
    let names = lines[..<blank].filter { $0.first != " " }.map { $0.prefix { $0 != ":" } }
    #expect(names.count == 10 && Set(names).count == 10)
    #expect(!names.contains("Bcc"))
    let body = lines[(blank + 1)...].dropLast().joined(separator: "\n")
    #expect(try decoded(body) == nasty.replacing(/\r\n|\r/, with: "\n"))
  }

  /// Quoted-printable, read by the words of RFC 2045.
  private func decoded(_ text: String) throws -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.replacing("=\n", with: "").utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "=") {
        bytes.append(
          try #require(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)))
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("a digest says the worst first, and never grows without end")
  func digest() {
    func alert(_ number: Int, _ severity: AlertSeverity) -> AlertStanding {
      AlertStanding(
        id: AlertID(unchecked: "a\(number)"), severity: severity, subject: "Subject \(number)",
        text: "Text \(number)", node: NodeID(unchecked: "scheduler"),
        raisedAt: Instant(seconds: 1_800_000_000 + Int64(number)), inMail: .raised, mail: .queued,
        updatedAt: .epoch)
    }
    let one = AlertDigest(alerts: [alert(1, .warning)])
    #expect(one.subject == "Airloom: Subject 1")
    let many = AlertDigest(
      alerts: (0..<10_000).map { alert($0, $0 == 7000 ? .critical : .warning) })
    #expect(many.subject == "Airloom: Subject 7000 (and 9999 more)")
    #expect(many.body.hasPrefix("Subject 7000\nText 7000"))
    #expect(many.body.contains("And 8960 more") && many.body.utf8.count < 100_000)
  }

  @Test(
    "settings that cannot work are found at once",
    arguments: [
      ("mail.example.org", "a@b", ["c@d"], "smtp"), ("smtp://", "a@b", ["c@d"], "smtp"),
      ("smtp://h:99999", "a@b", ["c@d"], "smtp"), ("smtp://h/x y", "a@b", ["c@d"], "smtp"),
      ("smtp://h", "nobody", ["c@d"], "from"), ("smtp://h", "a@b", [], "to"),
      ("smtp://h", "a@b", ["c@d\r\nRCPT TO:<x@y>"], "to"), ("smtp://h", "a@b", ["<c@d>"], "to"),
    ])
  func settings(_ smtp: String, _ from: String, _ to: [String], _ field: String) {
    var settings = Settings().alerts
    #expect(MailPlan(settings, environment: [:]).problem == nil)
    (settings.smtp, settings.from, settings.to) = (smtp, from, to)
    let plan = MailPlan(settings, environment: [:])
    #expect(plan.problem?.contains("[alerts] \(field) ") == true)
    #expect(plan.mailer == nil && plan.refusal == plan.problem)
  }

  @Test("a password never goes over a line that may have lost its TLS")
  func security() throws {
    var settings = Settings().alerts
    (settings.smtp, settings.from, settings.to) = ("smtp://[::1]:2525", "a@b", ["c@d"])
    settings.starttls = "opportunistic"
    #expect(try MailSettings.read(settings, environment: [:])?.security == .opportunistic)
    #expect(try MailSettings.read(settings, environment: [:])?.host == "[::1]")
    settings.user = "u"
    #expect(try MailSettings.read(settings, environment: [:])?.security == .required)
    settings.smtp = "smtps://h"
    #expect(try MailSettings.read(settings, environment: [:])?.security == .implicit)
    #expect(try MailSettings.read(settings, environment: [:])?.port == 465)
  }
}
