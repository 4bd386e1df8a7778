internal import Base
internal import Storage

/// An uploader's way to the rows of its upload in parts: each answer of the server is stored before
/// the next request goes out, so that a death costs at most one part.
struct MultipartBook: Sendable {
  let database: Database

  func find(_ delivery: DeliveryID) async throws(DeliveryError) -> Multipart? {
    try await stored { try await database.read { try MultipartCatalog.find(delivery, $0) } }
  }

  func begin(_ upload: Multipart) async throws(DeliveryError) {
    try await stored { try await database.write { try MultipartCatalog.insert(upload, $0) } }
  }

  func opened(_ id: String, of delivery: DeliveryID) async throws(DeliveryError) {
    try await stored {
      try await database.write { try MultipartCatalog.setUploadID(id, of: delivery, $0) }
    }
  }

  func confirmed(_ part: Multipart.Part, of delivery: DeliveryID) async throws(DeliveryError) {
    try await stored {
      try await database.write { try MultipartCatalog.add(part, to: delivery, $0) }
    }
  }

  func forget(_ delivery: DeliveryID) async throws(DeliveryError) {
    try await stored { try await database.write { try MultipartCatalog.remove(delivery, $0) } }
  }

  private func stored<Value: Sendable>(
    _ body: () async throws -> Value
  ) async throws(DeliveryError) -> Value {
    do {
      return try await body()
    } catch {
      throw DeliveryError(
        .unavailable,
        "What became of the upload cannot be stored (\(error)): check the disk of Airloom's home.")
    }
  }
}
