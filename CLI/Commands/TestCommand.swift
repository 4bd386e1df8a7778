internal import Base
internal import Configuration
internal import Glibc
internal import Service

/// `airloom test`: becomes the recorder's program in its role as tester, which knows how sources are read.
enum TestCommand {
  static let options = [CommandOption(name: "--json")]

  /// Returns only where that program cannot be run. The address goes by a pipe, because it may hold a
  /// password.
  static func run(_ input: CommandLineInput, in place: Place) throws -> ExitCode {
    let program = try UpCommand.programFolder() + "/airloom-recorder"
    var arguments = [program, "test", "--home", place.home.path]
    if let settings = place.givenSettings { arguments += ["--config", settings] }
    arguments += input.options.keys.sorted()
    var ends: [Int32] = [0, 0]
    try Syscall.check("pipe") { pipe(&ends) }
    try Array("\(input.parameters[0])\n".utf8).withUnsafeBytes { bytes in
      try Syscall.writeAll(bytes, to: ends[1])
    }
    close(ends[1])
    try Syscall.check("dup2") { dup2(ends[0], STDIN_FILENO) }
    var pointers = arguments.map { strdup($0) } + [nil]
    execv(program, &pointers)
    throw ServiceError(
      .unavailable,
      "\(program) cannot be run (\(String(cString: strerror(errno)))): it belongs beside this program"
    )
  }
}
