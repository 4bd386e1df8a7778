internal import Base
internal import CShims
internal import Glibc

/// Makes sure that a node runs once: an flock(2) on `run/<node>.lock`, held until the process ends
/// however it ends. The file holds the owner's process id for people to read; it is never removed,
/// because removing it would let two processes lock two different files of the same name.
public final class InstanceLock: Sendable {
  private let descriptor: Int32

  public init(path: String, node: String) throws(ServiceError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else {
      let error = SystemError(code: errno, call: "open", subject: path)
      throw ServiceError(ExitCode.of(error), "the lock file cannot be opened: \(error)")
    }
    guard airloom_lock_exclusive(descriptor) == 0 else {
      let owner = InstanceLock.text(of: descriptor)
      close(descriptor)
      throw ServiceError(
        .alreadyRunning,
        "\(node) runs already\(owner.isEmpty ? "" : " as process \(owner)") (\(path) is locked): "
          + "stop that one first, or give this one another --node or --home")
    }
    ftruncate(descriptor, 0)
    let text = "\(getpid())\n"
    _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  private static func text(of descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
      .filter { $0.isNumber }
  }
}
