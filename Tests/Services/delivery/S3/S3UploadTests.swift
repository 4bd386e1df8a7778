import Base
import Glibc
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_delivery

/// Against rclone's S3 server, which checks every signature.
@Suite("An upload to an S3 server")
struct S3UploadTests {
  @Test(
    "brings any size under any name, whole, and leaves nothing else",
    arguments: [
      (0, "empty.mp3"), (1, "one byte.mp3"), (1 << 20, "just one request.mp3"),
      ((1 << 20) + 1, "Grüße – Ωβ 日本 (1).mp3"), (3_500_000, "a+b=c&d (e) 'f' 100%~!*.mp3"),
    ])
  func sizesAndNames(size: Int, name: String) async throws {
    let server = try await RcloneS3Server.start()
    let site = try BucketSite(port: server.port, secret: server.secret)
    let bytes = RemoteSite.content(size)
    let receipt = try await site.run(try await site.upload(bytes, as: name))
    #expect(server.names() == ["shows/2026/\(name)"])
    #expect(try DurableFile.read("\(server.folder)/media/shows/2026/\(name)") == bytes)
    #expect(receipt.remotePath == "shows/2026/\(name)")
    #expect(receipt.hashMethod == .readBack)
    #expect(receipt.bytesSent == size)
    #expect(try await site.kept() == nil)
  }

  @Test("reports steps in order on its own thread, and progress to the whole size")
  func reports() async throws {
    let server = try await RcloneS3Server.start()
    let site = try BucketSite(port: server.port, secret: server.secret)
    let steps = Box<[String]>([])
    let seen = Box<Int64>(0)
    _ = try await site.run(try await site.upload(RemoteSite.content(2_500_000), prefix: "")) {
      switch $0 {
      case .reached(let step):
        let name = (try? DurableFile.read("/proc/thread-self/comm")) ?? []
        let thread = String(decoding: name.dropLast(), as: UTF8.self)
        steps.set(steps.get() + ["\(step.rawValue) on \(thread)"])
      case .progress(let sent, _): seen.set(max(seen.get(), sent))
      }
    }
    let names = [
      "sourceHashed", "nameChosen", "partialReady", "bytesSent", "verified", "confirmed",
    ]
    #expect(steps.get() == names.map { "\($0) on test-bucket" })
    #expect(seen.get() == 2_500_000)
    #expect(server.names() == ["show.mp3"])
  }

  @Test("finds its own earlier success, and keeps another object that has the name")
  func alreadyThere() async throws {
    let server = try await RcloneS3Server.start()
    let site = try BucketSite(port: server.port, secret: server.secret)
    let bytes = RemoteSite.content(1_500_000)
    let upload = try await site.upload(bytes)
    _ = try await site.run(upload)
    let again = try await site.run(upload)
    #expect(again.wasThere && again.bytesSent == 0)

    let other = RemoteSite.content(1_500_000, seed: 9)
    let second = try await site.run(try await site.upload(other, id: "delivery-2"))
    let name = "shows/2026/show~\(hexadecimal(SHA256.hash(other)).prefix(8)).mp3"
    #expect(second.remotePath == name)
    #expect(server.names() == ["shows/2026/show.mp3", name])
    #expect(try DurableFile.read("\(server.folder)/media/shows/2026/show.mp3") == bytes)
  }

  @Test("goes on with the parts that are there after a line that breaks")
  func resumes() async throws {
    let server = try await RcloneS3Server.start()
    let site = try BucketSite(port: server.port, secret: server.secret)
    let proxy = try ChaosProxy(to: server.port)
    let bytes = RemoteSite.content(4_500_000)
    let upload = try await site.upload(bytes)
    let endpoint = try site.endpoint(through: proxy.port)
    let error = try await site.failure(upload, to: endpoint) { event in
      if case .progress(let sent, _) = event, sent > 2_200_000 { proxy.set(.cutAfterSent(1)) }
    }
    #expect(error.kind == .connectionLost)
    let kept = try unwrap(try await site.kept())
    #expect(kept.parts.map(\.number) == [1, 2])
    proxy.set(.none)
    let receipt = try await site.run(upload, to: endpoint)
    #expect(receipt.bytesSent == 4_500_000 - (2 << 20))
    #expect(server.names() == ["shows/2026/show.mp3"])
    #expect(try DurableFile.read("\(server.folder)/media/shows/2026/show.mp3") == bytes)
    #expect(try await site.kept() == nil)
  }

  @Test("begins anew where the server has forgotten the upload")
  func forgottenUpload() async throws {
    let server = try await RcloneS3Server.start()
    let site = try BucketSite(port: server.port, secret: server.secret)
    let bytes = RemoteSite.content(2_500_000)
    let upload = try await site.upload(bytes)
    let location = try site.endpoint().location(of: "shows/2026/show.mp3")
    try await site.database.write { transaction in
      try MultipartCatalog.insert(
        Multipart(
          delivery: upload.delivery, location: location,
          sha256: hexadecimal(SHA256.hash(bytes)), partBytes: 1 << 20, uploadID: "gone",
          begunAt: .epoch), transaction)
    }
    let receipt = try await site.run(upload)
    #expect(receipt.bytesSent == 2_500_000)
    #expect(server.names() == ["shows/2026/show.mp3"])
  }

  @Test("is stopped within a moment, and the next try goes on")
  func stopped() async throws {
    let server = try await RcloneS3Server.start()
    let site = try BucketSite(port: server.port, secret: server.secret)
    let proxy = try ChaosProxy(to: server.port, fault: .stallAfterSent(1_300_000))
    let upload = try await site.upload(RemoteSite.content(3_000_000))
    let interruption = try Interruption()
    let endpoint = try site.endpoint(through: proxy.port)
    async let error = site.failure(upload, to: endpoint, interruption: interruption)
    try await eventually("the first part is there", within: .seconds(120)) {
      try await site.kept()?.parts.count == 1
    }
    interruption.trigger()
    #expect(try await error.kind == .interrupted)
    proxy.set(.none)
    let receipt = try await site.run(upload, to: endpoint)
    #expect(receipt.bytesSent == 3_000_000 - (1 << 20))
    #expect(server.names() == ["shows/2026/show.mp3"])
  }

  @Test("says in one sentence what is wrong, in an upload and in a test of the destination")
  func refusals() async throws {
    let server = try await RcloneS3Server.start()
    let site = try BucketSite(port: server.port, secret: server.secret)
    let upload = try await site.upload(RemoteSite.content(1000))
    let closed = try LoopbackPort.free()
    let cases: [(S3Endpoint, DeliveryError.Kind, String)] = [
      (try site.endpoint(secret: "wrong"), .authentication, "secret"),
      (try site.endpoint(key: "NOBODY"), .authentication, "NOBODY"),
      (try site.endpoint(bucket: "absent"), .missingFolder, "no bucket 'absent'"),
      (try site.endpoint(through: closed), .unreachable, "cannot be reached"),
      (try site.endpoint(isTLS: true), .insecure, "secure connection"),
      (try site.endpoint(host: "no-such-host.invalid"), .unreachable, "was not found"),
    ]
    for (endpoint, kind, words) in cases {
      let error = try await site.failure(upload, to: endpoint)
      #expect(error.kind == kind, "\(error)")
      #expect(error.reason.contains(words), "\(error)")
      let tested = await #expect(throws: DeliveryError.self) {
        try await site.uploader.probe(
          endpoint, prefix: "p", interruption: try Interruption())
      }
      #expect(tested?.kind == kind)
    }
    #expect(server.names().isEmpty)
    try await site.uploader.probe(
      try site.endpoint(), prefix: "p", interruption: try Interruption())
    #expect(server.names().isEmpty)
  }

  @Test("uses the server's time where the clocks differ")
  func skewedClock() async throws {
    let server = try await RcloneS3Server.start()
    let base = try BucketSite(port: server.port, secret: server.secret)
    struct Late: TimeSource {
      func now() -> Instant { SystemTimeSource().now() - .seconds(7200) }
      func monotonic() -> Monotonic { SystemTimeSource().monotonic() }
    }
    let uploader = S3Uploader(
      named: "late", secrets: base.secrets, book: MultipartBook(database: base.database),
      limits: S3Limits(partBytes: 1 << 20, timeout: .seconds(10)), time: Late())
    _ = try await uploader.run(
      try await base.upload(RemoteSite.content(2_000_000)), to: try base.endpoint(),
      interruption: try Interruption()
    ) { _ in }
    #expect(server.names() == ["shows/2026/show.mp3"])
  }
}
