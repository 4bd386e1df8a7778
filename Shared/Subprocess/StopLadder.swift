internal import Glibc

/// How a child is asked to end: ever more firmly, with time to answer after each step. When the
/// last step brings nothing, SIGKILL to its group follows, always.
public struct StopLadder: Sendable, Hashable {
  public enum Action: Sendable, Hashable {
    /// Bytes to its standard input, where that is a pipe (`q` ends FFmpeg cleanly).
    case write(String)
    /// The end of its standard input, where that is a pipe.
    case closeInput
    /// To every process of its group.
    case signal(Int32)
  }

  public struct Step: Sendable, Hashable {
    public var action: Action
    /// How long to wait for the exit before the next step.
    public var grace: Duration

    public init(_ action: Action, grace: Duration) {
      self.action = action
      self.grace = grace
    }
  }

  public var steps: [Step]

  public init(_ steps: [Step]) { self.steps = steps }

  /// For programs that end on SIGTERM as they should.
  public static let standard = StopLadder([
    Step(.signal(SIGTERM), grace: .seconds(5))
  ])

  /// FFmpeg with a piped standard input: it closes its files on `q` and on SIGINT.
  public static let ffmpeg = StopLadder([
    Step(.write("q"), grace: .seconds(3)),
    Step(.signal(SIGINT), grace: .seconds(3)),
    Step(.signal(SIGTERM), grace: .seconds(2)),
  ])

  /// SIGKILL at once.
  public static let kill = StopLadder([])
}
