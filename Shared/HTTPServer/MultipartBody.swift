internal import Base
internal import CMicrohttpd
internal import Glibc

/// Several ranges of a file as `multipart/byteranges` (RFC 9110 §14.6), read as they are sent.
///
/// Owns the descriptor. Immutable, so it may be read from any thread.
final class MultipartBody: Sendable {
  private enum Piece {
    case text([UInt8])
    case file(Range<Int64>)

    var count: Int64 {
      switch self {
      case .text(let bytes): Int64(bytes.count)
      case .file(let range): Int64(range.count)
      }
    }
  }

  let contentType: String
  private let descriptor: Int32
  private let pieces: [Piece]

  init(descriptor: Int32, parts: [Range<Int64>], size: Int64, contentType: String) {
    let boundary = hexadecimal(randomBytes(16))
    self.descriptor = descriptor
    self.contentType = "multipart/byteranges; boundary=\(boundary)"
    var pieces: [Piece] = []
    for part in parts {
      let head =
        "\r\n--\(boundary)\r\nContent-Type: \(contentType)\r\n"
        + "Content-Range: \(FileBody.contentRange(part, of: size))\r\n\r\n"
      pieces += [.text(Array(head.utf8)), .file(part)]
    }
    self.pieces = pieces + [.text(Array("\r\n--\(boundary)--\r\n".utf8))]
  }

  deinit { close(descriptor) }

  func makePayload() -> OpaquePointer? {
    let size = pieces.reduce(0) { $0 + $1.count }
    return MHD_create_response_from_callback(
      UInt64(size), 64 << 10,
      { context, position, buffer, capacity in
        guard let context, let buffer else { return -2 }
        let body = Unmanaged<MultipartBody>.fromOpaque(context).takeUnretainedValue()
        return body.read(
          at: Int64(position), into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
      }, Unmanaged.passRetained(self).toOpaque(),
      { context in
        guard let context else { return }
        Unmanaged<MultipartBody>.fromOpaque(context).release()
      })
  }

  /// -2 (MHD_CONTENT_READER_END_WITH_ERROR) when the file has become shorter than it was.
  private func read(at position: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var offset = position
    for piece in pieces {
      if offset >= piece.count {
        offset -= piece.count
        continue
      }
      let count = min(buffer.count, Int(piece.count - offset))
      switch piece {
      case .text(let bytes):
        buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + count])
        return count
      case .file(let range):
        let result = pread(descriptor, buffer.baseAddress, count, Int(range.lowerBound + offset))
        return result > 0 ? result : -2
      }
    }
    return -2
  }
}
