import Base
import Configuration
import Glibc
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("The delivery service and a bucket")
struct S3ServiceTests {
  private static let bucket = DestinationID(unchecked: "bucket")

  private func destination(_ server: RcloneS3Server) -> Destination {
    Destination(
      id: Self.bucket, name: "Bucket", kind: .s3, host: "127.0.0.1", port: Int(server.port),
      user: server.accessKey, folder: "shows",
      bucket: S3Bucket(name: "media", region: "us-east-1", isTLS: false))
  }

  private func put(
    _ destination: Destination, secret: String?, _ bench: DeliveryBench
  ) async throws -> CommandOutcome {
    let key = try await eventually("the sealing key is said", within: .seconds(120)) {
      try await bench.said(DeliveryIdentity.self).last?.sealingKey
    }
    return try await bench.command(
      PutDestination(
        destination: destination, mustBeNew: false,
        sealedSecret: try secret.map { try TestSealer.seal($0, for: key) }))
  }

  @Test("sets a wrong secret aside with a sentence, and delivers when it is corrected")
  func wrongSecret() async throws {
    var settings = DeliveryBench.quick
    settings.attempts = 2
    settings.partMebibytes = 1
    let bench = try await DeliveryBench.start(settings: settings)
    let server = try await RcloneS3Server.start()
    let wanted = destination(server)
    #expect(try await put(wanted, secret: nil, bench).field == "secret")
    #expect(try await put(wanted, secret: "not-the-canary", bench).refusal == nil)
    let bytes = RemoteSite.content(2_500_000)
    let id = try await bench.deliver(bytes, to: Self.bucket)
    let row = try await bench.until(id, is: .dead)
    #expect(row.standing.kind == .authentication)
    #expect(try await bench.health(Self.bucket).fault == row.standing.reason)
    let test = try await bench.command(TestDestination(destination: Self.bucket))
    #expect(test.refusal == .failed && test.text == row.standing.reason)

    #expect(try await put(wanted, secret: server.secret, bench).refusal == nil)
    let done = try await bench.until(id, is: .delivered)
    #expect(done.standing.remotePath == "shows/show.mp3")
    #expect(server.names() == ["shows/show.mp3"])
    // Without a secret the known one stays.
    #expect(try await put(wanted, secret: nil, bench).refusal == nil)
    #expect(try await bench.command(TestDestination(destination: Self.bucket)).refusal == nil)
    let log = String(
      decoding: try DurableFile.read("\(bench.home.deliveryLogs)/\(id).log"), as: UTF8.self)
    #expect(log.contains("hashed_by=readBack") && log.contains("to=\"media at 127.0.0.1:"))
    try await expectNoCanary(bench)
  }

  /// In the database with its log and journal, in the delivery's log, in keys, on no command line.
  private func expectNoCanary(_ bench: DeliveryBench) async throws {
    let canary = Array("canary-of-the-secret".utf8)
    var looked = 0
    func look(_ folder: String) throws {
      for name in TemporaryFolder.names(in: folder) {
        let path = "\(folder)/\(name)"
        if let bytes = try? DurableFile.read(path) {
          looked += 1
          #expect(bytes.firstRange(of: canary) == nil, "\(path) holds the secret")
        } else {
          try look(path)
        }
      }
    }
    try look(bench.folder.path)
    #expect(looked > 5)
    for name in TemporaryFolder.names(in: "/proc") where Int(name) != nil {
      // rclone is told its secret so; it is the peer, not ours.
      let line = (try? DurableFile.read("/proc/\(name)/cmdline")) ?? []
      let text = String(decoding: line, as: UTF8.self)
      #expect(text.contains("rclone") || !text.contains("canary-of-the-secret"), "\(text)")
    }
  }

  @Test("refuses what cannot be a bucket, with the field at fault")
  func validation() async throws {
    let bench = try await DeliveryBench.start()
    let server = try await RcloneS3Server.start()
    let good = destination(server)
    func changed(_ change: (inout Destination) -> Void) -> Destination {
      var copy = good
      change(&copy)
      return copy
    }
    let cases: [(Destination, String)] = [
      (changed { $0.bucket = nil }, "bucket"), (changed { $0.bucket?.name = "x/y" }, "bucket"),
      (changed { $0.bucket?.region = "eu west" }, "bucket"),
      (changed { $0.bucket?.usesPathStyle = false }, "bucket"),
      (changed { $0.host = "https://s3.example.org" }, "host"),
      (changed { $0.user = "a/b" }, "user"), (changed { $0.user = "" }, "user"),
      (changed { $0.folder = "a/../b" }, "folder"), (changed { $0.folder = "a//b" }, "folder"),
    ]
    for (destination, field) in cases {
      let outcome = try await put(destination, secret: "s", bench)
      #expect(outcome.refusal == .invalid && outcome.field == field, "\(outcome)")
    }
    let stranger = try await bench.command(
      PutDestination(destination: good, mustBeNew: true, sealedSecret: "AAAA"))
    #expect(stranger.field == "secret")
  }

  @Test("forgets the oldest that ended well, and keeps dead letters")
  func pruning() async throws {
    var settings = DeliveryBench.quick
    settings.keptDeliveries = 3
    let bench = try await DeliveryBench.start(settings: settings)
    let dead = try await bench.deliver([9], id: "dead-letter", to: Self.bucket)
    try await bench.put(bench.destination())
    for number in 1...8 {
      let id = try await bench.deliver(
        [UInt8(number)], as: "\(number).mp3", id: "delivery-\(number)")
      try await bench.until(id, is: .delivered)
    }
    try await eventually("the older ones are forgotten", within: .seconds(120)) {
      try await bench.said(DeliveriesForgotten.self).flatMap(\.deliveries).count >= 4
    }
    let gone = try await bench.said(DeliveriesForgotten.self).flatMap(\.deliveries)
    #expect(gone.prefix(4).map(\.text) == (1...4).map { "delivery-\($0)" })
    #expect(try await bench.row(dead).standing.state == .dead)
    #expect(!TemporaryFolder.names(in: bench.home.deliveryLogs).contains("delivery-1.log"))
  }
}
