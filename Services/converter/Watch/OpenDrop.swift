internal import Base
internal import Glibc
internal import Subprocess

/// A drop that is held open: whatever happens to its name, this is the content that was looked at.
///
/// Programs get it as their standard input and open `/proc/self/fd/0`, which is the same file again
/// with a place of its own. So no name of a drop is ever in a command line or a filter graph, and
/// nothing can be put in its place between a check and its use.
final class OpenDrop: Sendable {
  /// What a child calls the drop that is its standard input.
  static let nameForChild = "file:/proc/self/fd/0"

  let path: DropPath
  let descriptor: Int32
  let identity: FileIdentity

  /// - Throws: `ConverterError` of the kinds `sourceGone` and `sourceUnreadable`.
  init(_ path: DropPath) throws(ConverterError) {
    // Not waiting for the other end of a FIFO that somebody put there.
    let descriptor = path.withCString { open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else {
      let error = SystemError(code: errno, call: "open", subject: path.text)
      throw error.code == ENOENT || error.code == ENOTDIR || error.code == ELOOP
        ? ConverterError(.sourceGone, ConversionPolicy.gone)
        : ConverterError(
          .sourceUnreadable,
          "The drop cannot be opened (\(error.reason)): give the converter's user the right to read it."
        )
    }
    guard let identity = FileIdentity.of(descriptor) else {
      close(descriptor)
      throw ConverterError(.sourceGone, ConversionPolicy.gone)
    }
    self.path = path
    self.descriptor = descriptor
    self.identity = identity
  }

  deinit { close(descriptor) }

  /// For a child's standard input. The child must not read it as a terminal (`-nostdin`).
  var input: ChildCommand.Input { .file("/proc/self/fd/\(descriptor)") }

  /// What keeps this from being the drop's finished content: its name leads elsewhere now, it was
  /// changed, or somebody writes to it.
  func objection() -> ConverterError? {
    guard let named = FileIdentity.of(path) else {
      return ConverterError(.sourceGone, ConversionPolicy.gone)
    }
    guard named == identity, FileIdentity.of(descriptor) == identity else {
      return ConverterError(
        .sourceChanged, "The drop was changed while it was being converted; it is looked at anew.")
    }
    let evidence = WriterProbe.evidence(of: self)
    return evidence.isOpen
      ? ConverterError(.sourceChanged, ReadinessPolicy.Wait.openForWriting(evidence).sentence) : nil
  }

  /// The first bytes; fewer where the file is shorter.
  func head(_ count: Int) -> [UInt8] { bytes(at: 0, count) }

  func bytes(at offset: Int64, _ count: Int) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let read = buffer.withUnsafeMutableBytes { space in
        pread(
          descriptor, space.baseAddress?.advanced(by: filled), count - filled,
          off_t(offset) + off_t(filled))
      }
      if read < 0 && errno == EINTR { continue }
      if read <= 0 { break }
      filled += read
    }
    return Array(buffer.prefix(filled))
  }
}
