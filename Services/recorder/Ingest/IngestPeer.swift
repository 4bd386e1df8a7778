import Base
import Glibc

/// A process that is connected to the ingest's socket. Belongs to the ingest's thread.
final class IngestPeer {
  /// Beyond that nothing is added to what waits to be sent: what is not sent stays in the lines' logs.
  static let outputLimit = 256 << 10

  let descriptor: Int32
  var input = IngestDecoder()
  var output = IngestEncoder()
  private var sentAt: Monotonic

  init(_ descriptor: Int32, now: Monotonic) {
    self.descriptor = descriptor
    sentAt = now
  }

  deinit { close(descriptor) }

  /// Takes in everything that has come; false where the peer is gone and no more will.
  func receive() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer in
      do throws(SystemError) {
        while let count = try UnixSocket.receive(into: buffer, from: descriptor) {
          input.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return true
      } catch {
        return false
      }
    }
  }

  /// Sends what goes; false where the peer is gone.
  func flush(_ now: Monotonic) -> Bool {
    while !output.isEmpty {
      do {
        let count = try output.bytes.withUnsafeBytes { bytes in
          Result { () throws(SystemError) in try UnixSocket.send(bytes, to: descriptor) }
        }.get()
        if count == 0 { return true }
        output.drop(count)
        sentAt = now
      } catch {
        return false
      }
    }
    return true
  }

  /// A peer that hears nothing would take this process for hung.
  func keepHearing(_ now: Monotonic) {
    if now - sentAt >= IngestLimits.beat, output.isEmpty { output.add(.beat) }
  }
}
