internal import Base
internal import HTTPClient
internal import Messages

/// What one upload asks of the bucket: look, choose a name, compare, remove.
struct S3Object: Sendable {
  enum NameChoice: Hashable, Sendable {
    case free(String)
    /// The very file lies there.
    case alreadyThere(String, HashMethod)
  }

  let client: S3Client
  let path: RemotePath
  /// Of the file as it must arrive, in bytes.
  let size: Int64
  /// Of the file as it must arrive, hexadecimal.
  let hash: String

  private var address: String { client.endpoint.address }

  /// The key that was asked for, or where another object has it, one with this file's hash in it.
  nonisolated(nonsending) func chooseKey() async throws(DeliveryError) -> NameChoice {
    let candidates = [path.target, path.alternative]
    for candidate in candidates {
      guard let found = try await head(candidate) else { return .free(candidate) }
      guard found.size == size else { continue }
      if let method = try await proof(candidate, of: found, partHashes: []) {
        return .alreadyThere(candidate, method)
      }
    }
    throw DeliveryError(
      .nameTaken,
      "\(candidates.joined(separator: " and ")) in '\(client.endpoint.bucket.name)' at \(address) are "
        + "other objects already: move them away or choose another prefix.")
  }

  struct Found: Hashable, Sendable {
    var size: Int64
    var etag: String?
    /// The SHA-256 that the server has computed, as it says it.
    var checksum: String?
  }

  /// nil where there is no such object.
  func head(_ key: String) async throws(DeliveryError) -> Found? {
    var request = S3Client.Request("HEAD", key)
    request.headers = [("x-amz-checksum-mode", "ENABLED")]
    let answer = try await client.answer(to: request)
    if answer.status == 404 && answer.code != "NoSuchBucket" { return nil }
    guard answer.isFine else { throw answer.failure(while: "look at objects") }
    // Some servers (rclone's) check nothing and say the headers of the upload again. One that
    // computes also says of which type its checksum is, which nobody has told it.
    let isComputed = answer.headers["x-amz-checksum-type"] != nil
    return Found(
      size: answer.headers["Content-Length"].flatMap { Int64($0) } ?? -1,
      etag: answer.headers["ETag"],
      checksum: isComputed ? answer.headers["x-amz-checksum-sha256"] : nil)
  }

  /// How it was proved that the object has the file's content; nil where it has not. `partHashes` are
  /// those of the parts that it was sent in, as bytes.
  nonisolated(nonsending) func proof(
    _ key: String, of found: Found, partHashes: [[UInt8]]
  ) async throws(DeliveryError) -> HashMethod? {
    guard found.size == size else { return nil }
    if let checksum = found.checksum {
      if checksum == Base64.text(bytes(ofHexadecimal: hash)) { return .serverChecksum }
      if !partHashes.isEmpty, checksum == MultipartPlan.checksum(ofParts: partHashes) {
        return .serverChecksum
      }
    }
    return try await readBackHash(key) == hash ? .readBack : nil
  }

  private nonisolated(nonsending) func readBackHash(
    _ key: String
  ) async throws(DeliveryError) -> String {
    let stream = try await client.stream(key)
    let hasher = SHA256()
    do throws(HTTPError) {
      while let chunk = try await stream.next() { hasher.update(chunk.bytes) }
    } catch {
      throw S3Failure.error(error, at: client.endpoint)
    }
    return hexadecimal(hasher.finish())
  }

  /// Removes what was just put there and cannot be trusted, unless somebody has replaced it since.
  func removeDamaged(_ key: String, etag: String?) async throws(DeliveryError) {
    guard let etag, try await head(key)?.etag == etag else { return }
    let answer = try await client.answer(to: S3Client.Request("DELETE", key))
    _ = try answer.checked(while: "remove objects")
  }
}

/// The bytes of a hash that we wrote as hexadecimal digits ourselves.
func bytes(ofHexadecimal text: String) -> [UInt8] {
  let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] << 4 | digits[$0 + 1])
  }
}
