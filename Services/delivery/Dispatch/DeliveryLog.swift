internal import Base
internal import Glibc

/// A delivery's own log: one file, readable alone, appended to at each try.
///
/// Each line is one write to a descriptor opened for it, so nothing is lost when the process dies.
/// A line that cannot be written is dropped: a full disk must not stop a delivery.
struct DeliveryLog: Sendable {
  private let path: String

  init(folder: String, delivery: DeliveryID) { path = "\(folder)/\(delivery).log" }

  /// With the delivery that it tells of. What is not there is no fault.
  func remove() { unlink(path) }

  func append(_ entry: LogEntry) {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var line = entry.line + "\n"
    line.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
  }
}
