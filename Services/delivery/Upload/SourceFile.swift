internal import Base
internal import Glibc

/// The local file of an upload, held open from the first hash to the last byte, so that a rename or
/// removal meanwhile changes nothing. Read only: delivery never removes a source.
final class SourceFile: Sendable {
  let path: String
  let size: Int64
  private let descriptor: Int32

  init(_ path: String) throws(DeliveryError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let reason = SystemError(code: errno, call: "open").reason
      throw DeliveryError(
        .missingSource,
        "The file to deliver, \(path), cannot be opened (\(reason)): it was moved or removed; discard "
          + "the delivery or put the file back and retry.")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DeliveryError(
        .missingSource, "\(path) is not a file that can be delivered: discard the delivery.")
    }
    size = Int64(status.st_size)
  }

  deinit { close(descriptor) }

  /// The file of an upload, which has the hash that it is to have; and that hash.
  static func verified(
    _ upload: Upload, interruption: Interruption
  ) throws(DeliveryError) -> (SourceFile, hash: String) {
    let source = try SourceFile(upload.source)
    let hash = try source.hash(first: source.size, interruption: interruption)
    if let expected = upload.expectedHash, expected != hash {
      throw DeliveryError(
        .sourceChanged,
        "\(upload.source) is no longer the file that was to be delivered (its SHA-256 is \(hash)): "
          + "find out what changed it, or discard the delivery.")
    }
    return (source, hash)
  }

  /// SHA-256 of so many bytes, in hexadecimal; the first ones where no offset is given.
  func hash(
    from start: Int64 = 0, first count: Int64, interruption: Interruption
  ) throws(DeliveryError) -> String {
    let hasher = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while offset < count {
      if interruption.isTriggered { throw DeliveryError.stopped }
      let wanted = min(Int64(buffer.count), count - offset)
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)])
      try read(into: part, at: start + offset)
      hasher.update(UnsafeRawBufferPointer(part))
      offset += wanted
    }
    return hexadecimal(hasher.finish())
  }

  /// Fills the buffer, or says that the file became shorter.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(DeliveryError) {
    var filled = 0
    while filled < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled,
        off_t(offset + Int64(filled)))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let reason =
          count < 0 ? SystemError(code: errno, call: "pread").reason : "it became shorter"
        throw DeliveryError(
          .sourceChanged,
          "\(path) cannot be read to its end (\(reason)): check the disk, then retry the delivery.")
      }
      filled += count
    }
  }
}
