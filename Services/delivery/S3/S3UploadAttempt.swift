internal import Base
internal import HTTPClient

/// One try to bring a file into a bucket; every step may be the last before a crash, of this process,
/// the line or the server, and the next try must end with exactly one right object.
///
/// Why each point is safe to die at: an object appears whole or not at all, so its final key never
/// shows a part of a file. A small file is one request. A larger one goes in parts (`MultipartSend`),
/// whose upload is a row before it is asked for. A completion whose answer was lost is found by the
/// next try as "already there", by content. Nothing is written over: the key must be free, and
/// `If-None-Match: *` has the server say so again where it can.
///
/// Reads files, so it runs on its uploader's thread.
struct S3UploadAttempt: Sendable {
  let upload: Upload
  let client: S3Client
  /// How large parts are to be; a file that is not larger is sent in one request.
  let partBytes: Int64
  let book: MultipartBook
  let time: any TimeSource
  let interruption: Interruption
  let report: @Sendable (UploadEvent) -> Void

  nonisolated(nonsending) func run() async throws(DeliveryError) -> Receipt {
    let (source, hash) = try SourceFile.verified(upload, interruption: interruption)
    let object = S3Object(
      client: client, path: try path(hash), size: source.size, hash: hash)
    try reach(.sourceHashed)
    // A key may be taken between choosing and sending, and an upload may be gone at the server.
    for _ in 0..<3 {
      switch try await object.chooseKey() {
      case .alreadyThere(let key, let method):
        return try await finish(
          object, at: key, method: method, wasThere: true, bytesSent: 0)
      case .free(let key):
        try reach(.nameChosen)
        guard let sent = try await send(source, of: object, as: key) else { continue }
        try reach(.bytesSent)
        let method = try await prove(object, at: key, sent)
        try reach(.verified)
        return try await finish(
          object, at: key, method: method, wasThere: false, bytesSent: sent.bytes)
      }
    }
    throw DeliveryError(
      .unavailable,
      "\(object.path.target) at \(client.endpoint.address) was taken, or the upload lost, again and "
        + "again: find out who writes there.")
  }

  private func path(_ hash: String) throws(DeliveryError) -> RemotePath {
    guard
      let path = RemotePath(
        folder: String(upload.folder.drop { $0 == "/" }), name: upload.name,
        delivery: upload.delivery, contentHash: hash),
      path.target.utf8.count <= 1000
    else {
      throw DeliveryError(
        .nameTaken, "“\(upload.name)” cannot be an object's name: change the destination's prefix.")
    }
    return path
  }

  /// nil where the key is no longer free, or the upload must be begun anew.
  private nonisolated(nonsending) func send(
    _ source: SourceFile, of object: S3Object, as key: String
  ) async throws(DeliveryError) -> SentObject? {
    if source.size > partBytes {
      return try await MultipartSend(
        upload: upload, client: client, book: book, time: time, source: source, hash: object.hash,
        wantedPartBytes: partBytes, key: key, interruption: interruption, report: report
      ).run()
    }
    let part = FilePart(source: source, start: 0, size: source.size) { sent in
      report(.progress(sent: sent, of: source.size))
    }
    var request = S3Client.Request("PUT", key)
    request.source = part
    request.payloadHash = object.hash
    request.headers = [
      ("Content-Type", ObjectType.type(of: upload.name)),
      ("x-amz-checksum-sha256", Base64.text(bytes(ofHexadecimal: object.hash))),
    ]
    request.patience = .seconds(300)
    let answer = try await client.answerUnlessThere(to: request)
    if answer.status == 412 { return nil }
    _ = try answer.checked(while: "write objects")
    return SentObject(bytes: source.size, etag: answer.headers["ETag"], partHashes: [])
  }

  private nonisolated(nonsending) func prove(
    _ object: S3Object, at key: String, _ sent: SentObject
  ) async throws(DeliveryError) -> HashMethod {
    let address = client.endpoint.address
    guard let found = try await object.head(key) else {
      throw DeliveryError(
        .verification,
        "\(key) at \(address) vanished right after it was put there: find out what removes objects "
          + "there; the delivery will be tried again.")
    }
    if let method = try await object.proof(key, of: found, partHashes: sent.partHashes) {
      return method
    }
    try await object.removeDamaged(key, etag: sent.etag)
    throw DeliveryError(
      .verification,
      "What lies at \(address) as \(key) is not what was sent (its SHA-256 differs): it will be sent "
        + "again; if this repeats, check that server's disk and memory.")
  }

  /// An upload in parts that is still open would be paid for without end.
  private nonisolated(nonsending) func finish(
    _ object: S3Object, at key: String, method: HashMethod, wasThere: Bool, bytesSent: Int64
  ) async throws(DeliveryError) -> Receipt {
    try await MultipartCleanup(client: client, book: book).run(upload.delivery)
    try reach(.confirmed)
    return Receipt(
      remotePath: key, size: object.size, hash: object.hash, hashMethod: method, isSynced: true,
      wasThere: wasThere, bytesSent: bytesSent)
  }

  private func reach(_ step: UploadStep) throws(DeliveryError) {
    report(.reached(step))
    if interruption.isTriggered { throw DeliveryError.stopped }
  }
}

/// What was put under a key.
struct SentObject: Hashable, Sendable {
  /// In this try.
  var bytes: Int64
  /// As the server named it.
  var etag: String?
  /// Of its parts, as bytes; empty where it was sent whole.
  var partHashes: [[UInt8]]
}

extension S3Client {
  /// Asks the server to refuse (412) where the key is taken; again without, where it knows no such
  /// condition.
  func answerUnlessThere(to request: Request) async throws(DeliveryError) -> S3Answer {
    var conditional = request
    conditional.headers.append(("If-None-Match", "*"))
    let answer = try await answer(to: conditional)
    return answer.status == 501 ? try await self.answer(to: request) : answer
  }
}

/// The media type that an object is served as.
enum ObjectType {
  private static let types = [
    "mp3": "audio/mpeg", "aac": "audio/aac", "m4a": "audio/mp4", "ogg": "audio/ogg",
    "opus": "audio/ogg", "flac": "audio/flac", "mp4": "video/mp4", "m4v": "video/mp4",
    "ts": "video/mp2t", "mkv": "video/x-matroska", "mka": "audio/x-matroska",
    "srt": "application/x-subrip", "vtt": "text/vtt", "jpg": "image/jpeg", "png": "image/png",
  ]

  static func type(of name: String) -> String {
    let ending = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() }
    return ending.flatMap { types[$0] } ?? "application/octet-stream"
  }
}
