internal import Base

/// Takes away what an upload in parts has left at the server, and the row that remembers it. Doing it
/// twice, or for one that was completed, changes nothing.
struct MultipartCleanup: Sendable {
  let client: S3Client
  let book: MultipartBook

  /// Two clocks may differ by so much when it is asked what was opened since.
  private static let doubt = Duration.seconds(60)

  func run(_ delivery: DeliveryID) async throws(DeliveryError) {
    guard let known = try await book.find(delivery) else { return }
    let prefix = client.endpoint.location(of: "")
    // One that lies elsewhere (the destination was edited) is out of this key's reach.
    if known.location.hasPrefix(prefix) {
      let key = String(known.location.dropFirst(prefix.count))
      if let id = known.uploadID {
        try await abort(id, key)
      } else {
        for id in try await opened(for: key, since: known.begunAt - Self.doubt) {
          try await abort(id, key)
        }
      }
    }
    try await book.forget(delivery)
  }

  private func abort(_ id: String, _ key: String) async throws(DeliveryError) {
    var request = S3Client.Request("DELETE", key)
    request.query = ["uploadId": id]
    let answer = try await client.answer(to: request)
    // Gone, or completed: both are what is wanted.
    if answer.status == 404 { return }
    _ = try answer.checked(while: "abort uploads")
  }

  /// The ids of uploads of exactly that key.
  private func opened(
    for key: String, since instant: Instant
  ) async throws(DeliveryError) -> [String] {
    var request = S3Client.Request("GET", nil)
    request.query = ["uploads": "", "prefix": key]
    let answer = try await client.answer(to: request).checked(while: "list uploads")
    return answer.document.elements("Upload").compactMap { upload in
      guard upload.value("Key") == key, let id = upload.value("UploadId"),
        let begun = upload.value("Initiated").flatMap({ Instant($0) }), begun >= instant
      else { return nil }
      return id
    }
  }
}
