internal import Base
internal import HTTPClient

/// Sends a file in parts, going on where an earlier try ended.
///
/// The order, and why each point is safe to die at:
/// 1. A row says that an upload is about to be opened. Dead after this: the next try aborts whatever
///    was opened for that key since.
/// 2. The upload is opened and its id stored.
/// 3. Each part is sent and then stored with the name that the server gave it. Dead between the two:
///    the part is sent again under its number, which replaces it.
/// 4. The upload is completed. Dead before the answer: the next try finds the object, or completes
///    again.
/// The row goes when the object is proved (`MultipartCleanup`).
struct MultipartSend: Sendable {
  let upload: Upload
  let client: S3Client
  let book: MultipartBook
  let time: any TimeSource
  let source: SourceFile
  /// Of the whole file, hexadecimal.
  let hash: String
  let wantedPartBytes: Int64
  let key: String
  let interruption: Interruption
  let report: @Sendable (UploadEvent) -> Void

  private var location: String { client.endpoint.location(of: key) }

  /// nil where the key is taken, or the server has forgotten the upload: both are to be looked at
  /// anew.
  nonisolated(nonsending) func run() async throws(DeliveryError) -> SentObject? {
    var multipart = try await resumed()
    let plan = MultipartPlan(size: source.size, partBytes: multipart.partBytes)
    report(.reached(.partialReady))
    var sent: Int64 = 0
    for number in 1...plan.count where !multipart.parts.contains(where: { $0.number == number }) {
      if interruption.isTriggered { throw DeliveryError.stopped }
      guard let part = try await send(number, of: plan, multipart) else { return nil }
      multipart.parts.append(part)
      sent += plan.range(of: number).size
    }
    multipart.parts.sort { $0.number < $1.number }
    return try await complete(multipart, sent: sent)
  }

  /// The upload that was begun for this file and this key, or a new one.
  private nonisolated(nonsending) func resumed() async throws(DeliveryError) -> Multipart {
    if let known = try await book.find(upload.delivery) {
      if known.uploadID != nil, known.location == location, known.sha256 == hash { return known }
      try await MultipartCleanup(client: client, book: book).run(upload.delivery)
    }
    let plan = MultipartPlan(size: source.size, wanted: wantedPartBytes)
    var multipart = Multipart(
      delivery: upload.delivery, location: location, sha256: hash, partBytes: plan.partBytes,
      uploadID: nil, begunAt: time.now())
    try await book.begin(multipart)
    let id = try await open()
    try await book.opened(id, of: upload.delivery)
    multipart.uploadID = id
    return multipart
  }

  private func open() async throws(DeliveryError) -> String {
    var request = S3Client.Request("POST", key)
    request.query = ["uploads": ""]
    request.headers = [
      ("Content-Type", ObjectType.type(of: upload.name)), ("x-amz-checksum-algorithm", "SHA256"),
    ]
    let answer = try await client.answer(to: request).checked(while: "write objects")
    guard let id = answer.document.value("UploadId"), !id.isEmpty else {
      throw DeliveryError(
        .protocolFault,
        "\(client.endpoint.address) opened an upload without saying its id: see whether it speaks S3."
      )
    }
    return id
  }

  private nonisolated(nonsending) func send(
    _ number: Int, of plan: MultipartPlan, _ multipart: Multipart
  ) async throws(DeliveryError) -> Multipart.Part? {
    let (start, size) = plan.range(of: number)
    let partHash = try source.hash(from: start, first: size, interruption: interruption)
    var request = S3Client.Request("PUT", key)
    request.query = ["partNumber": "\(number)", "uploadId": multipart.uploadID ?? ""]
    request.source = FilePart(source: source, start: start, size: size) { [report] sent in
      report(.progress(sent: sent, of: plan.size))
    }
    request.payloadHash = partHash
    request.headers = [("x-amz-checksum-sha256", Base64.text(bytes(ofHexadecimal: partHash)))]
    let answer = try await client.answer(to: request)
    if try await isLost(answer) { return nil }
    _ = try answer.checked(while: "write objects")
    guard let etag = answer.headers["ETag"] else {
      throw DeliveryError(
        .protocolFault,
        "\(client.endpoint.address) took a part without naming it: see whether it speaks S3.")
    }
    let part = Multipart.Part(number: number, etag: etag, sha256: partHash)
    try await book.confirmed(part, of: upload.delivery)
    return part
  }

  /// The server may say 200 and mean an error (it begins to answer before it is done), so what counts
  /// is the document.
  private nonisolated(nonsending) func complete(
    _ multipart: Multipart, sent: Int64
  ) async throws(DeliveryError) -> SentObject? {
    var request = S3Client.Request("POST", key)
    request.query = ["uploadId": multipart.uploadID ?? ""]
    request.headers = [("Content-Type", "application/xml")]
    request.body = Array(Self.document(multipart.parts).utf8)
    request.patience = .seconds(600)
    let answer = try await client.answerUnlessThere(to: request)
    if try await isLost(answer) { return nil }
    if answer.status == 412 {
      try await MultipartCleanup(client: client, book: book).run(upload.delivery)
      return nil
    }
    let checked = try answer.checked(while: "write objects")
    guard checked.document.root == "CompleteMultipartUploadResult" else {
      throw DeliveryError(
        .unavailable,
        "\(client.endpoint.address) did not say what became of the upload: it is tried again.")
    }
    return SentObject(
      bytes: sent, etag: checked.document.value("ETag"),
      partHashes: multipart.parts.map { bytes(ofHexadecimal: $0.sha256) })
  }

  /// Whether the upload cannot be gone on with: the server does not know it any more, or has parts
  /// that it does not let be replaced. Then all of it is forgotten.
  private nonisolated(nonsending) func isLost(
    _ answer: S3Answer
  ) async throws(DeliveryError) -> Bool {
    switch answer.code {
    case "NoSuchUpload": try await book.forget(upload.delivery)
    case "InvalidPart", "InvalidPartOrder", "NotImplemented":
      try await MultipartCleanup(client: client, book: book).run(upload.delivery)
    default: return false
    }
    return true
  }

  static func document(_ parts: [Multipart.Part]) -> String {
    var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    for part in parts {
      text += "<Part><PartNumber>\(part.number)</PartNumber>"
      text += "<ETag>\(S3Document.escaped(part.etag))</ETag>"
      text += "<ChecksumSHA256>\(Base64.text(bytes(ofHexadecimal: part.sha256)))</ChecksumSHA256>"
      text += "</Part>"
    }
    return text + "</CompleteMultipartUpload>"
  }
}
