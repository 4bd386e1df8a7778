import Base
import FoundationEssentials
import Glibc
import HTTPClient
import Messages
import TestSupport
import Testing

/// A show goes into a real bucket over a line that fails, and what goes wrong is mailed by a real
/// mail server that is away at first.
@Suite("Delivery to S3, and alerts by mail")
struct S3AndMailTests {
  private struct Bucket: Encodable, Sendable {
    var id: String
    var name = "A bucket"
    var kind = "s3"
    var host = "127.0.0.1"
    var port: Int
    var user: String
    var folder = "shows"
    var bucket = S3Bucket(name: "media", region: "us-east-1", isTLS: false)
    var secret: String?
  }

  private struct AlertList: Decodable, Sendable { let alerts: [Alert] }

  private static func settings(_ mail: MailServer) -> String {
    """
    [delivery]
    part_mib = 1
    attempts = 1
    retry_first_s = 0.1
    retry_cap_s = 1
    [alerts]
    smtp = "smtp://127.0.0.1:\(mail.port)"
    starttls = "off"
    from = "airloom@example.org"
    to = ["ops@example.org"]
    interval_s = 1
    hold_off_s = 0
    retry_first_s = 0.2
    retry_cap_s = 1
    """
  }

  @Test(
    "a kill -9 in a multipart upload, a wrong secret, and a mail server that was away",
    .timeLimit(.minutes(6)))
  func bucketAndMail() async throws {
    let server = try await RcloneS3Server.start()
    let mail = try await MailServer.start()
    await mail.kill()
    let proxy = try ChaosProxy(to: server.port, fault: .stallAfterSent(1_300_000))
    let installation = try Installation(settings: Self.settings(mail))
    try await installation.told {
      try await installation.start(Service.working)
      let client = RESTClient(installation)
      try await client.logIn()
      _ = try await client.publicKey()
      try await client.post(
        "/api/v1/destinations",
        Bucket(id: "bucket", port: Int(proxy.port), user: server.accessKey, secret: server.secret))
      try await client.post(
        "/api/v1/destinations",
        Bucket(id: "wrong", port: Int(server.port), user: server.accessKey, secret: "not it"))
      let broadcaster = try await Broadcaster.start([
        "big": NumberedFrames(.mp3(kilobits: 320, sampleRate: 48_000))
      ])
      try await broadcaster.add("big", to: client)
      let start = Instant(seconds: SystemTimeSource().now().seconds + 6)
      try await client.post(
        "/api/v1/schedules",
        ScheduleInput("long", on: "big", at: start, seconds: 42, to: ["bucket"]))
      try await client.post(
        "/api/v1/schedules",
        ScheduleInput("short", on: "big", at: start, seconds: 5, to: ["wrong"]))

      let short = try await Self.deadLetter(client)
      try await Self.mailDigest(client, installation, mail)
      try await Self.correctedSecret(client, server, short)
      try await Self.killInMultipart(client, installation, proxy, server)
      broadcaster.stop()
      #expect(await installation.stop().isEmpty)
      try Self.expectNoSecret(server.secret, in: installation)
    }
  }

  /// The wrong secret ends as a dead letter with one sentence, and as two alerts.
  private static func deadLetter(_ client: RESTClient) async throws -> Recording {
    let recording = try await client.recording(
      of: "short", in: [.committed], within: .seconds(90))
    let dead = try await eventually("the delivery is dead", within: .seconds(60)) {
      await client.deliveries(of: recording.id).first { $0.state == .dead }
    }
    #expect(dead.reason?.contains("does not accept the secret") == true, "\(dead)")
    #expect(dead.reason?.filter { $0 == "." }.count ?? 9 <= 5)
    return recording
  }

  /// While the mail server is away the breaker opens, over a kill -9 too; back, it gets one mail that
  /// says everything.
  private static func mailDigest(
    _ client: RESTClient, _ installation: Installation, _ mail: MailServer
  ) async throws {
    let wanted = ["deliveries-dead.wrong", "destination-fault.wrong"]
    func alerts() async -> [Alert] {
      let found = await client.find("/api/v1/alerts", as: AlertList.self)?.alerts ?? []
      return found.filter { wanted.contains($0.id.text) }
    }
    try await eventually("both alerts wait for the mail server", within: .seconds(60)) {
      let waiting = await alerts()
      return waiting.count == 2 && waiting.allSatisfy { $0.mail == .waiting }
    }
    func fault() async -> String? {
      await client.find("/api/v1/mail", as: MailerChanged.self)?.fault
    }
    try await eventually("the breaker is open", within: .seconds(60)) { await fault() != nil }
    await installation.kill(.delivery)
    let back = try await mail.restarted()
    try await installation.start(.delivery, waitsUntilReady: true)
    try await eventually("both are mailed", within: .seconds(60)) {
      let sent = await alerts()
      return sent.count == 2 && sent.allSatisfy { $0.mail == .sent }
    }
    let mails = try back.mails()
    #expect(Set(mails.map(messageID)).count == 1, "\(mails)")
    let mail = try #require(mails.first)
    for subject in ["A delivery needs a person: wrong", "Nothing can be delivered to"] {
      #expect(mail.contains(subject), "\(mail)")
    }
    try await eventually("the mail server is well again") { await fault() == nil }
    try await client.post("/api/v1/mail/test", NoBody())
    try await eventually("the test mail is there") {
      try back.mails().contains { $0.contains("Subject: Airloom: a test") }
    }
  }

  private static func messageID(_ mail: String) -> String {
    mail.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Message-ID:") }.map(String.init)
      ?? ""
  }

  private static func correctedSecret(
    _ client: RESTClient, _ server: RcloneS3Server, _ recording: Recording
  ) async throws {
    let answer = await client.command(
      "PUT", "/api/v1/destinations/wrong",
      Bucket(id: "wrong", port: Int(server.port), user: server.accessKey, secret: server.secret))
    #expect(answer.isAcknowledged, "\(answer)")
    let delivery = try await eventually("it is delivered", within: .seconds(60)) {
      await client.deliveries(of: recording.id).first { $0.state == .delivered }
    }
    let file = try #require(recording.file)
    #expect(delivery.remotePath == "shows/\(file.name)")
    #expect(try Files.hash("\(server.folder)/media/shows/\(file.name)") == file.sha256)
    try await client.post("/api/v1/destinations/wrong/test", NoBody())
  }

  private static func killInMultipart(
    _ client: RESTClient, _ installation: Installation, _ proxy: ChaosProxy,
    _ server: RcloneS3Server
  ) async throws {
    let recording = try await client.recording(
      of: "long", in: [.committed], within: .seconds(120))
    let file = try #require(recording.file)
    #expect(file.bytes > 1 << 20)
    try await eventually("the second part is on its way", within: .seconds(60)) {
      proxy.bytesSent >= 1_300_000
    }
    #expect(!server.names().contains("shows/\(file.name)"))
    await installation.kill(.delivery)
    proxy.set(.none)
    try await installation.start(.delivery)
    let (_, delivery) = try await client.delivered("long", within: .seconds(60))
    #expect(delivery.remotePath == "shows/\(file.name)")
    #expect(try Files.hash("\(server.folder)/media/shows/\(file.name)") == file.sha256)
    // Two shows, and no upload that was left open.
    #expect(server.names().count == 2, "\(server.names())")
    // The first part went over the line once: the new process went on where the old one was killed.
    #expect(proxy.bytesSent < Int(file.bytes) + 700_000, "\(proxy.bytesSent) for \(file.bytes)")
  }

  /// In no file of the installation, its databases and logs included.
  private static func expectNoSecret(_ secret: String, in installation: Installation) throws {
    let canary = Array(secret.utf8)
    var looked = 0
    for name in Files.all(in: installation.home.path) {
      // The bus's sockets are files that cannot be read.
      guard let bytes = try? DurableFile.read("\(installation.home.path)/\(name)") else { continue }
      looked += 1
      #expect(bytes.firstRange(of: canary) == nil, "\(name) holds the secret")
    }
    #expect(looked > 10)
  }
}
