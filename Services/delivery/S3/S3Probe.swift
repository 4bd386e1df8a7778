internal import Base

/// Tries a bucket out with a small object of its own name, which is gone afterwards.
struct S3Probe: Sendable {
  let client: S3Client
  let prefix: String

  nonisolated(nonsending) func run() async throws(DeliveryError) {
    let content = randomBytes(64)
    let hash = hexadecimal(SHA256.hash(content))
    guard
      let path = RemotePath(
        folder: String(prefix.drop { $0 == "/" }), name: "airloom-probe-\(hash.prefix(16))",
        delivery: DeliveryID.random(), contentHash: hash)
    else {
      throw DeliveryError(.missingFolder, "“\(prefix)” cannot be a prefix: change it.")
    }
    let key = path.target
    let object = S3Object(client: client, path: path, size: Int64(content.count), hash: hash)
    _ = try await object.head(key)
    var request = S3Client.Request("PUT", key)
    request.body = content
    request.headers = [("Content-Type", "application/octet-stream")]
    _ = try await client.answer(to: request).checked(while: "write objects")
    let found = try await object.head(key)
    var isRight = false
    if let found { isRight = try await object.proof(key, of: found, partHashes: []) != nil }
    _ = try await client.answer(to: S3Client.Request("DELETE", key)).checked(
      while: "remove objects")
    guard isRight else {
      throw DeliveryError(
        .verification,
        "A small object written to \(client.endpoint.address) came back changed: check that server's "
          + "disk.")
    }
  }
}
