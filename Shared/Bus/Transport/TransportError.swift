internal import CZmq
internal import Glibc

/// Why the bus could not be opened, or ended: a kind to branch on and a sentence for a person.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// An endpoint is not written as it must be.
    case endpoint
    /// Keys are missing, malformed or kept unsafely.
    case keys
    /// The folder of the ipc sockets or of the keys cannot be used.
    case folder
    /// Another process has our endpoint.
    case inUse
    /// ZeroMQ or the system refused a call.
    case system
    /// Started twice.
    case misuse
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ sentence: String) {
    self.kind = kind
    description = sentence
  }

  /// The last error of the library on this thread.
  static func library(_ call: String, _ subject: String? = nil) -> TransportError {
    let code = zmq_errno()
    let reason = zmq_strerror(code).map { String(cString: $0) } ?? "error \(code)"
    let prefix = subject.map { "\($0): " } ?? ""
    return TransportError(code == EADDRINUSE ? .inUse : .system, "\(prefix)\(reason) (\(call))")
  }
}
