internal import Glibc

/// How a child ended and what it used.
public struct ChildExit: Sendable, Hashable, CustomStringConvertible {
  public enum Reason: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
  }

  public let reason: Reason
  /// The last thing that we did to end it; nil when it ended by itself.
  public let stoppedBy: StopLadder.Action?
  public let userTime: Duration
  public let systemTime: Duration
  /// The most memory it held at once; includes the largest of its own children.
  public let maximumResidentBytes: Int64

  public var isSuccess: Bool { reason == .exited(0) }

  /// Whether it ended as it was asked to: by itself with 0, or by any means short of SIGKILL after
  /// we asked (FFmpeg finishes its file and then exits 255 on SIGINT).
  public var isOrderly: Bool {
    switch stoppedBy {
    case nil: isSuccess
    case .signal(SIGKILL): false
    default: reason != .signalled(SIGKILL)
    }
  }

  public var description: String {
    switch reason {
    case .exited(0): "exited normally"
    case .exited(let code): "exited with code \(code)"
    case .signalled(let number): "was ended by signal \(number)\(Self.name(of: number))"
    }
  }

  private static func name(of signal: Int32) -> String {
    let names: [Int32: String] = [
      SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL",
      SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL",
      SIGSEGV: "SIGSEGV", SIGPIPE: "SIGPIPE", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU",
    ]
    return names[signal].map { " (\($0))" } ?? ""
  }
}
