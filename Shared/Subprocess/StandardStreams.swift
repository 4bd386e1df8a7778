internal import Base
internal import Glibc

/// The three descriptors that a child is started with, and our ends of those that are pipes.
struct StandardStreams {
  enum Reader {
    case none
    case pipe(PipeEnd)
    case tail(PipeEnd, limit: Int)
  }

  /// The child's ends; may be closed once it runs.
  let childs: [PipeEnd]
  let input: PipeEnd?
  let output: Reader
  let errors: Reader

  /// Opens everything that the command asks for. What was opened is closed again when a later one
  /// fails.
  init(_ command: ChildCommand) throws(SystemError) {
    let (stdin, input) = try Self.open(command.input)
    let (stdout, output) = try Self.open(command.output, inherited: STDOUT_FILENO)
    if command.errors == .sameAsOutput {
      childs = [stdin, stdout, stdout]
      errors = .none
    } else {
      let (stderr, errors) = try Self.open(command.errors, inherited: STDERR_FILENO)
      childs = [stdin, stdout, stderr]
      self.errors = errors
    }
    self.input = input
    self.output = output
  }

  private static func open(
    _ source: ChildCommand.Input
  ) throws(SystemError) -> (childs: PipeEnd, ours: PipeEnd?) {
    switch source {
    case .null: return (try file("/dev/null", O_RDONLY), nil)
    case .inherited: return (try duplicate(STDIN_FILENO), nil)
    case .file(let path): return (try file(path, O_RDONLY), nil)
    case .pipe:
      let pair = try PipeEnd.make(childReads: true)
      return (pair.childs, pair.ours)
    }
  }

  private static func open(
    _ target: ChildCommand.Output, inherited: Int32
  ) throws(SystemError) -> (childs: PipeEnd, ours: Reader) {
    switch target {
    case .null, .sameAsOutput: return (try file("/dev/null", O_WRONLY), .none)
    case .inherited: return (try duplicate(inherited), .none)
    case .file(let path): return (try file(path, O_WRONLY | O_CREAT | O_APPEND), .none)
    case .pipe(let capacity):
      let pair = try PipeEnd.make(childReads: false, capacity: capacity)
      return (pair.childs, .pipe(pair.ours))
    case .tail(let limit):
      let pair = try PipeEnd.make(childReads: false)
      return (pair.childs, .tail(pair.ours, limit: limit))
    }
  }

  private static func file(_ path: String, _ flags: Int32) throws(SystemError) -> PipeEnd {
    PipeEnd(try Syscall.check("open", path) { Glibc.open(path, flags | O_CLOEXEC, 0o640) })
  }

  private static func duplicate(_ descriptor: Int32) throws(SystemError) -> PipeEnd {
    PipeEnd(try Syscall.check("dup") { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) })
  }
}
