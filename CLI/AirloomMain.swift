import Base
import Configuration
import Glibc
import Service

/// `airloom`: reads what was typed and hands it to one of `Commands/`.
@main
struct AirloomMain {
  static func main() {
    do {
      let input = try CommandLineReader.read(
        Array(CommandLine.arguments.dropFirst()), commands: CommandTable.commands)
      let place = try Place(input, environment: ProcessEnvironment.current)
      if input.command == "up" { UpCommand.run(in: place) }
      // The main thread has nothing else to do; signals end the process as usual.
      Task.detached {
        do {
          Terminal.end(try await perform(input, in: place))
        } catch {
          Terminal.fail(error)
        }
      }
      while true { pause() }
    } catch {
      Terminal.fail(error)
    }
  }

  private static func perform(
    _ input: CommandLineInput, in place: Place
  ) async throws -> ExitCode {
    switch input.command {
    case "status": return try await StatusCommand.run(in: place)
    case "control":
      return try await ControlCommandLine.run(
        node: input.parameters[0], command: input.parameters[1], in: place)
    case "config": return try ConfigCommand.run(input.parameters[0], in: place)
    case "test": return try TestCommand.run(input, in: place)
    case "audit": return try AuditCommand.run(input, in: place)
    case "version": Terminal.print("airloom \(ServiceVersion.text)")
    default:
      if let name = input.parameters.first {
        let command = try CommandLineReader.find(name, among: CommandTable.commands)
        Terminal.print(CommandTable.help(on: command), terminator: "")
      } else {
        Terminal.print(CommandTable.overview, terminator: "")
      }
    }
    return .success
  }
}
