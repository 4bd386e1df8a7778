/// Ranges of a body that is in memory; files have theirs from the kernel.
extension Response {
  /// What the request wants of this body: a part where it asks for one (RFC 9110 §14), else all.
  /// Several parts at once are not made.
  public func part(for request: Request) -> Response {
    guard case .bytes(let bytes) = body, status == 200,
      request.method == "GET" || request.method == "HEAD"
    else { return self }
    var response = with("Accept-Ranges", "bytes")
    if let known = request.header("If-Range"), known != header("ETag") { return response }
    switch ByteRanges(header: request.header("Range"), size: Int64(bytes.count)) {
    case .whole: return response
    case .unsatisfiable:
      response.status = 416
      response.body = .bytes([])
      return response.with("Content-Range", "bytes */\(bytes.count)")
    case .parts(let parts):
      guard parts.count == 1, let part = parts.first else { return response }
      response.status = 206
      response.body = .bytes(Array(bytes[Int(part.lowerBound)..<Int(part.upperBound)]))
      return response.with(
        "Content-Range", FileBody.contentRange(part, of: Int64(bytes.count)))
    }
  }
}
