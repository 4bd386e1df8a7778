import Base
import Glibc
import Messages
import Storage
import TestSupport

@testable import airloom_delivery

/// A bucket as an upload meets it: an endpoint, a sealed secret, a catalogue, and a local file.
struct BucketSite: Sendable {
  let files: TemporaryFolder
  let database: Database
  let secrets: SealingKeeper
  let uploader: S3Uploader
  let port: UInt16
  let secret: String

  init(port: UInt16, secret: String, partBytes: Int64 = 1 << 20) throws {
    let files = try TemporaryFolder()
    self.files = files
    self.port = port
    self.secret = secret
    database = try Database(path: files("catalogue.sqlite"), schemas: DeliveryService.schemas)
    secrets = SealingKeeper(folder: files("keys"))
    uploader = S3Uploader(
      named: "test-bucket", secrets: secrets, book: MultipartBook(database: database),
      limits: S3Limits(partBytes: partBytes, timeout: .seconds(10)), time: SystemTimeSource())
  }

  func endpoint(
    through port: UInt16? = nil, secret: String? = nil, key: String = "AIRLOOMTEST",
    bucket: String = "media", region: String = "us-east-1", isTLS: Bool = false,
    host: String = "127.0.0.1"
  ) throws -> S3Endpoint {
    S3Endpoint(
      host: host, port: Int(port ?? self.port),
      bucket: S3Bucket(name: bucket, region: region, isTLS: isTLS), accessKey: key,
      sealedSecret: try seal(secret ?? self.secret))
  }

  /// As the gateway does it.
  func seal(_ secret: String) throws -> String {
    try TestSealer.seal(secret, for: try secrets.current().publicKey)
  }

  /// Writes the local file and describes its upload; the delivery has a row, as in the service.
  func upload(
    _ bytes: [UInt8], as name: String = "show.mp3", id: String = "delivery-1",
    prefix: String = "shows/2026"
  ) async throws -> Upload {
    let delivery = try unwrap(DeliveryID(id))
    let source = try files.file("source-\(id)", bytes)
    let hash = hexadecimal(SHA256.hash(bytes))
    let now = SystemTimeSource().now()
    try await database.write { transaction in
      _ = try DeliveryCatalog.insert(
        DeliveryRow(
          id: delivery, recording: JobID(unchecked: "job"),
          destination: DestinationID(unchecked: "bucket"), path: source, fileName: name,
          bytes: Int64(bytes.count), sha256: hash, createdAt: now, updatedAt: now), transaction)
    }
    return Upload(
      delivery: delivery, source: source, expectedHash: hash, folder: prefix, name: name)
  }

  func run(
    _ upload: Upload, to endpoint: S3Endpoint? = nil, interruption: Interruption? = nil,
    report: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) async throws -> Receipt {
    try await uploader.run(
      upload, to: endpoint ?? self.endpoint(), interruption: interruption ?? Interruption(),
      report: report)
  }

  /// The kind that the upload fails with.
  func failure(
    _ upload: Upload, to endpoint: S3Endpoint? = nil, interruption: Interruption? = nil,
    report: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) async throws -> DeliveryError {
    do {
      let receipt = try await run(
        upload, to: endpoint, interruption: interruption, report: report)
      throw TestFailure("the upload succeeded: \(receipt)")
    } catch let error as DeliveryError {
      return error
    }
  }

  func kept(_ id: String = "delivery-1") async throws -> Multipart? {
    try await database.read { try MultipartCatalog.find(DeliveryID(unchecked: id), $0) }
  }
}
