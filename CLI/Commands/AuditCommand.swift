internal import Base
internal import Configuration
internal import Glibc
internal import Service

/// `airloom audit`: becomes the recorder's program in its role as auditor, which knows what a tape is.
enum AuditCommand {
  static let options: [CommandOption] = [
    CommandOption(name: "--stream", value: "ID"), CommandOption(name: "--from", value: "TIME"),
    CommandOption(name: "--to", value: "TIME"), CommandOption(name: "--node", value: "NAME"),
    CommandOption(name: "--fast"), CommandOption(name: "--json"),
  ]

  /// Returns only where that program cannot be run.
  static func run(_ input: CommandLineInput, in place: Place) throws -> ExitCode {
    let program = try UpCommand.programFolder() + "/airloom-recorder"
    var arguments = [program, "audit", "--home", place.home.path]
    if let settings = place.givenSettings { arguments += ["--config", settings] }
    for option in options {
      guard let value = input.options[option.name] else { continue }
      arguments += option.value == nil ? [option.name] : [option.name, value]
    }
    var pointers = arguments.map { strdup($0) } + [nil]
    execv(program, &pointers)
    throw ServiceError(
      .unavailable,
      "\(program) cannot be run (\(String(cString: strerror(errno)))): it belongs beside this program"
    )
  }
}
