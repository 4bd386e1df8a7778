import Base
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_delivery

/// Against our own stub, for what rclone's server does not do.
@Suite("An upload to an S3 server that misbehaves")
struct S3FaultTests {
  private static let key = "shows/2026/show.mp3"
  private let stub: StubS3
  private let site: BucketSite

  init() throws {
    stub = try StubS3()
    site = try BucketSite(port: stub.port, secret: StubS3.secret)
  }

  @Test("every signature is right by another's reckoning, and the server's own checksum is proof")
  func signatures() async throws {
    for (id, size) in [("small", 1000), ("large", 2_500_000)] {
      let name = "\(id) +=(1)ü&%.mp3"
      let receipt = try await site.run(
        try await site.upload(RemoteSite.content(size), as: name, id: id))
      #expect(receipt.hashMethod == .serverChecksum)
      #expect(stub.objects["shows/2026/\(name)"]?.bytes == RemoteSite.content(size))
    }
    #expect(stub.openUploads.isEmpty)
    await stub.stop()
  }

  @Test("reads back where no checksum is offered")
  func readBack() async throws {
    stub.setChecksums(.none)
    let receipt = try await site.run(try await site.upload(RemoteSite.content(1_500_000)))
    #expect(receipt.hashMethod == .readBack)
    await stub.stop()
  }

  @Test("a completion that is answered 200 with an error is an error, and is made again")
  func completeWithError() async throws {
    stub.fail(.init(of: "POST uploadId", status: 200, code: "InternalError"))
    let upload = try await site.upload(RemoteSite.content(2_500_000))
    let error = try await site.failure(upload)
    #expect(error.kind == .unavailable)
    #expect(stub.objects.isEmpty)
    let receipt = try await site.run(upload)
    #expect(receipt.bytesSent == 0 && !receipt.wasThere)
    #expect(stub.objects.keys.sorted() == [Self.key])
    #expect(stub.openUploads.isEmpty)
    await stub.stop()
  }

  @Test("a completion that was done and whose answer was lost is found")
  func completeLost() async throws {
    stub.fail(.init(of: "POST uploadId", status: 500, code: "InternalError", isDone: true))
    let upload = try await site.upload(RemoteSite.content(2_500_000))
    #expect(try await site.failure(upload).kind == .unavailable)
    let receipt = try await site.run(upload)
    #expect(receipt.wasThere && receipt.bytesSent == 0)
    #expect(stub.objects.keys.sorted() == [Self.key])
    #expect(try await site.kept() == nil)
    await stub.stop()
  }

  @Test(
    "each refusal has its kind",
    arguments: [
      ("PUT", 503, "SlowDown", DeliveryError.Kind.unavailable),
      ("PUT", 500, "InternalError", .unavailable), ("PUT", 403, "AccessDenied", .permission),
      ("HEAD", 403, "AccessDenied", .permission), ("PUT", 400, "BadDigest", .verification),
      ("PUT", 400, "EntityTooLarge", .refused), ("PUT", 507, "XMinioStorageFull", .noSpace),
      ("HEAD", 301, "PermanentRedirect", .wrongEndpoint),
      ("PUT", 307, "TemporaryRedirect", .wrongEndpoint),
    ])
  func refusals(_ of: String, _ status: Int, _ code: String, _ kind: DeliveryError.Kind)
    async throws
  {
    // A HEAD is followed by a GET that asks why.
    stub.fail(.init(of: of == "HEAD" ? "/" : of, status: status, code: code, times: 2))
    let error = try await site.failure(try await site.upload(RemoteSite.content(1000)))
    #expect(error.kind == kind, "\(error)")
    #expect(stub.objects.isEmpty)
    await stub.stop()
  }

  @Test("a part that is slowed down keeps those before it")
  func slowDown() async throws {
    stub.fail(.init(of: "PUT partNumber=2", status: 503, code: "SlowDown"))
    let upload = try await site.upload(RemoteSite.content(3_000_000))
    #expect(try await site.failure(upload).kind == .unavailable)
    let receipt = try await site.run(upload)
    #expect(receipt.bytesSent == 3_000_000 - (1 << 20))
    #expect(stub.requests.filter { $0.contains("partNumber=1") }.count == 1)
    await stub.stop()
  }

  @Test("a clock that is wrong, and a region that is, are set right by what the server says")
  func clockAndRegion() async throws {
    let stub = try StubS3(region: "eu-central-1")
    stub.setClock(.seconds(-86_400))
    let site = try BucketSite(port: stub.port, secret: StubS3.secret)
    _ = try await site.run(try await site.upload(RemoteSite.content(2_500_000)))
    #expect(stub.objects.keys.sorted() == [Self.key])
    await stub.stop()
  }

  @Test(
    "what was damaged at the far end is removed there, and said, whatever the server claims",
    arguments: [StubS3.Checksums.none, .computed, .repeated])
  func damage(_ checksums: StubS3.Checksums) async throws {
    stub.setChecksums(checksums)
    stub.setDamage(true)
    let upload = try await site.upload(RemoteSite.content(1000))
    #expect(try await site.failure(upload).kind == .verification)
    #expect(stub.objects.isEmpty)
    stub.setDamage(false)
    _ = try await site.run(upload)
    #expect(stub.objects.keys.sorted() == [Self.key])
    await stub.stop()
  }

  @Test("an upload whose id was never stored is aborted; those of others are left alone")
  func orphan() async throws {
    let upload = try await site.upload(RemoteSite.content(2_500_000))
    let others = stub.openUpload(Self.key + ".other")
    stub.fail(.init(of: "POST uploads=", status: 500, code: "InternalError", isDone: true))
    #expect(try await site.failure(upload).kind == .unavailable)
    #expect(stub.openUploads.count == 2)
    #expect(try await site.kept()?.uploadID == nil)
    _ = try await site.run(upload)
    #expect(stub.openUploads == [others])
    await stub.stop()
  }

  @Test("an object that appears under the name meanwhile is not written over")
  func race() async throws {
    for (id, size) in [("small", 1000), ("large", 2_500_000)] {
      let name = "\(id).mp3"
      let stub = stub
      let receipt = try await site.run(
        try await site.upload(RemoteSite.content(size), as: name, id: id)
      ) { event in
        if case .reached(.nameChosen) = event, stub.objects["shows/2026/\(name)"] == nil {
          stub.place([1, 2, 3], as: "shows/2026/\(name)")
        }
      }
      #expect(receipt.remotePath.contains("~"))
      #expect(stub.objects["shows/2026/\(name)"]?.bytes == [1, 2, 3])
      #expect(stub.objects[receipt.remotePath]?.bytes == RemoteSite.content(size))
    }
    #expect(stub.openUploads.isEmpty)
    await stub.stop()
  }

  @Test("a discarded delivery's upload is taken away")
  func cleanUp() async throws {
    stub.fail(.init(of: "PUT partNumber=2", status: 503, code: "SlowDown"))
    let upload = try await site.upload(RemoteSite.content(3_000_000))
    _ = try await site.failure(upload)
    #expect(stub.openUploads.count == 1)
    try await site.uploader.cleanUp(
      upload.delivery, at: try site.endpoint(), interruption: try Interruption())
    #expect(stub.openUploads.isEmpty)
    #expect(try await site.kept() == nil)
    await stub.stop()
  }
}
