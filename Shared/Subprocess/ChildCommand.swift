internal import Glibc

/// What to start and how to connect it: a program with its arguments as an array, never a line for
/// a shell to read.
///
/// A child always gets exactly the descriptors 0, 1 and 2, default signal actions, an empty signal
/// mask and a process group of its own.
public struct ChildCommand: Sendable {
  /// Where a child's standard input comes from.
  public enum Input: Sendable, Hashable {
    case null
    case inherited
    /// Written through `ChildProcess.input`.
    case pipe
    case file(String)
  }

  /// Where a child's standard output or standard error goes.
  public enum Output: Sendable, Hashable {
    case null
    case inherited
    /// Read through `ChildProcess.output` or `.errors`; a child whose pipe nobody reads stands
    /// still once it is full. A capacity of nil is the system's (64 KiB).
    case pipe(capacity: Int? = nil)
    /// Always read; the last so many bytes are kept for `outputTail` and `errorTail`.
    case tail(limit: Int)
    /// Appended to, made when missing.
    case file(String)
    /// For standard error only: wherever standard output goes.
    case sameAsOutput
  }

  /// Variables that tell of this process alone or hold secrets; no child inherits them.
  public static let withheldVariables: Set<String> = [
    "AIRLOOM_ADMIN_PASSWORD", "AIRLOOM_SMTP_PASSWORD", "NOTIFY_SOCKET", "WATCHDOG_USEC",
    "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
  ]

  /// A path, or a name that is looked up on PATH.
  public var program: String
  public var arguments: [String]
  /// Added to what is inherited; wins over it.
  public var environment: [String: String] = [:]
  public var inheritsEnvironment = true
  public var workingDirectory: String?
  public var input = Input.null
  public var output = Output.null
  public var errors = Output.tail(limit: 16 << 10)
  /// Added to this process's niceness; 10 … 19 for work that must not disturb a capture.
  public var niceness: Int32 = 0
  /// What the kernel sends the child when this process dies, however it dies. It comes once
  /// for each thread that we had, so a program that ends on its second SIGTERM needs another, such
  /// as SIGHUP; nil lets the child live on.
  public var deathSignal: Int32? = SIGKILL

  public init(_ program: String, _ arguments: [String] = []) {
    self.program = program
    self.arguments = arguments
  }
}
