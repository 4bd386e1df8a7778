import Service
import Testing

@testable import airloom

@Suite("The command line")
struct CommandLineReaderTests {
  @Test(
    "is taken apart",
    arguments: [
      (["up"], CommandLineInput(command: "up", parameters: [])),
      (
        ["--home", "/h", "control", "gateway", "ping"],
        CommandLineInput(command: "control", parameters: ["gateway", "ping"], home: "/h")
      ),
      (
        ["control", "gateway", "--config=/c", "ping"],
        CommandLineInput(command: "control", parameters: ["gateway", "ping"], settings: "/c")
      ),
      (
        ["control", "--", "--gateway", "ping"],
        CommandLineInput(command: "control", parameters: ["--gateway", "ping"])
      ),
      (
        ["--json", "audit", "--stream", "radio", "--from=2026-11-21T19:00:00Z"],
        CommandLineInput(
          command: "audit", parameters: [],
          options: ["--json": "", "--stream": "radio", "--from": "2026-11-21T19:00:00Z"])
      ),
      (["help"], CommandLineInput(command: "help", parameters: [])),
      (["-h"], CommandLineInput(command: "help", parameters: [])),
      (["up", "--help"], CommandLineInput(command: "help", parameters: ["up"])),
      (["--version"], CommandLineInput(command: "version", parameters: [])),
    ])
  func reading(arguments: [String], input: CommandLineInput) throws {
    #expect(try read(arguments) == input)
  }

  @Test(
    "is refused with one sentence and a way out",
    arguments: [
      ([], "say what to do: `airloom help` lists the commands"),
      (["stauts"], "there is no command 'stauts'; did you mean `airloom status`?"),
      (["dance"], "there is no command 'dance'; `airloom help` lists the commands"),
      (["up", "--hom", "/x"], "'--hom' is no option; did you mean --home?"),
      (
        ["up", "-x"],
        "'-x' is no option; did you mean -h?"
      ),
      (
        ["up", "--colour"],
        "'--colour' is no option; the options are --home, --config, --help, --version, -h"
      ),
      (["up", "--json"], "'--json' is no option of `airloom up`"),
      (["audit", "--stream"], "--stream needs a value after it"),
      (["audit", "--json=1"], "--json takes no value"),
      (["up", "--home"], "--home needs a value after it"),
      (["control", "gateway"], "<command> is missing: airloom control <node> <command>"),
      (["config"], "check|print|path|default is missing: airloom config check|print|path|default"),
      (["up", "now"], "'now' is one word too many: airloom up"),
    ])
  func refusals(arguments: [String], sentence: String) {
    let error = #expect(throws: ServiceError.self) { try read(arguments) }
    #expect(error?.description == sentence)
    #expect(error?.code == .usage)
  }

  @Test("help names every command")
  func help() {
    for command in CommandTable.commands {
      #expect(CommandTable.overview.contains(command.usage))
      #expect(CommandTable.help(on: command).hasPrefix("usage: \(command.usage)\n"))
    }
    #expect(CommandTable.overview.split(separator: "\n").allSatisfy { $0.count <= 110 })
  }

  private func read(_ arguments: [String]) throws -> CommandLineInput {
    try CommandLineReader.read(arguments, commands: CommandTable.commands)
  }
}
