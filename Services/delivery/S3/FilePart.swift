internal import Base
internal import HTTPClient

/// A part of the local file as a request's body, read while it is sent.
struct FilePart: HTTPBodySource {
  let source: SourceFile
  let start: Int64
  let size: Int64
  /// How far the whole file has been handed over, in bytes.
  let onRead: @Sendable (Int64) -> Void

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int? {
    do throws(DeliveryError) {
      try source.read(into: buffer, at: start + offset)
    } catch {
      return nil
    }
    onRead(start + offset + Int64(buffer.count))
    return buffer.count
  }
}
