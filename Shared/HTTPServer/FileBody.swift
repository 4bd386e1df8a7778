internal import Base
internal import CMicrohttpd
internal import Glibc

/// An open file about to be sent: whole, as one range or as several (RFC 9110 §14.6).
struct FileBody {
  private let descriptor: Int32
  let size: Int64
  /// Strong: a finished file is never changed under its name.
  let tag: String

  /// nil where there is no regular file of that name.
  init?(path: String) {
    // Without O_NONBLOCK a pipe of that name would hang the thread that serves everybody.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      Glibc.close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    size = Int64(status.st_size)
    let changed = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    tag = "\"\(String(size, radix: 16))-\(String(changed, radix: 16))\""
  }

  func close() { Glibc.close(descriptor) }

  /// What of the file the request wants; everything when it wants a version that is no more.
  func ranges(for request: Request) -> ByteRanges {
    guard request.method == "GET" || request.method == "HEAD" else { return .whole }
    if let known = request.header("If-Range"), known != tag { return .whole }
    return ByteRanges(header: request.header("Range"), size: size)
  }

  /// The rest of the response for these ranges. The descriptor is the returned payload's to close.
  func payload(
    _ ranges: ByteRanges, contentType: String
  ) -> (payload: OpaquePointer?, status: Int, headers: [(name: String, value: String)]) {
    let common = [(name: "Accept-Ranges", value: "bytes"), (name: "ETag", value: tag)]
    switch ranges {
    case .whole:
      return (MHD_create_response_from_fd64(UInt64(size), descriptor), 200, common)
    case .unsatisfiable:
      close()
      let empty = MHD_create_response_from_buffer(0, nil, .RESPMEM_PERSISTENT)
      return (empty, 416, common + [("Content-Range", "bytes */\(size)")])
    case .parts(let parts) where parts.count == 1:
      let part = parts[0]
      let payload = MHD_create_response_from_fd_at_offset64(
        UInt64(part.count), descriptor, UInt64(part.lowerBound))
      return (payload, 206, common + [("Content-Range", FileBody.contentRange(part, of: size))])
    case .parts(let parts):
      let body = MultipartBody(
        descriptor: descriptor, parts: parts, size: size, contentType: contentType)
      return (body.makePayload(), 206, common + [("Content-Type", body.contentType)])
    }
  }

  static func contentRange(_ part: Range<Int64>, of size: Int64) -> String {
    "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"
  }
}
