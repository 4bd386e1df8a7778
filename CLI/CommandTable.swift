internal import Configuration
internal import Messages
internal import Service

/// The commands of `airloom`, as `help` shows them.
enum CommandTable {
  static let commands: [CommandDescription] = [
    CommandDescription(
      name: "up", parameters: [], summary: "start all services on this machine and watch them",
      details: """
        Makes the home folder and a commented airloom.toml at the first start, starts the services
        that [up] services names, prints the address of the page and the first password, and starts
        a service again when it ends. Ctrl-C lets all of them end their work; a second one kills
        them.
        """),
    CommandDescription(
      name: "status", parameters: [], summary: "say how each service is",
      details: """
        Asks every service of the home folder through its control socket. Exits with 0 when all
        that [up] services names are running and none has failed, with 69 otherwise.
        """),
    CommandDescription(
      name: "control", parameters: ["<node>", "<command>"],
      summary: "tell one service something: \(controls)",
      details: """
        ping    whether it answers      pause   take no new work (what runs goes on)
        stats   its numbers             resume  take new work again
        errors  its last warnings and errors
        Nodes are named as in `airloom status`. The answer is JSON.
        """),
    CommandDescription(
      name: "config", parameters: ["check|print|path|default"],
      summary: "look at the settings",
      details: """
        check    read the settings as the services do and say everything that is wrong with them
        print    every key with the value in force, from the file and the environment
        path     where the file is
        default  the commented file of a first start
        """),
    CommandDescription(
      name: "test", parameters: ["<address>"], options: TestCommand.options,
      summary: "say what a stream is and what would be recorded of it",
      details: """
        Connects as a capture would, looks at what comes for a moment, and lets go: what it is, how long
        the first byte and frame take, what would be recorded, or what is wrong. Reads all that a
        recorder reads: sound over HTTP, playlists, HLS, what FFmpeg knows, pages. Needs no service and
        touches no tape.
          --json  for programs
        Exits with 0 where the stream can be captured, with 1 where it cannot.
        """),
    CommandDescription(
      name: "audit", parameters: [], options: AuditCommand.options,
      summary: "hold a recorder's tapes against its books",
      details: """
        Derives the account of every tape again from its files alone, and says where the books differ:
        files that are gone or in no row, changed bits, wrong sizes, frames, labels or durations,
        overlaps, and wanted time without sound that nothing explains. The recorder may be at work
        meanwhile; what it writes now is left out. Changes nothing.
          --stream ID   one stream alone              --node NAME  of this recorder (recorder-1)
          --from TIME   such as 2026-11-21T19:00:00Z  --fast       names and sizes, not contents
          --to TIME                                   --json       for programs
        Exits with 0 where files and books agree, with 1 where they differ.
        """),
    CommandDescription(
      name: "version", parameters: [], summary: "say which version this is", details: ""),
    CommandDescription(
      name: "help", parameters: ["<command>"], optionalCount: 1,
      summary: "this text, or more about one command", details: ""),
  ]

  private static let controls = ControlCommand.allCases.map(\.rawValue).joined(separator: ", ")

  /// What `airloom help` says.
  static var overview: String {
    let width = commands.map(\.usage.count).max() ?? 0
    let rows = commands.map { command in
      "  " + command.usage + String(repeating: " ", count: width - command.usage.count)
        + "  " + command.summary
    }
    return """
      Airloom captures what is broadcast, keeps every second, and hands it on.

      \(rows.joined(separator: "\n"))

      Options, anywhere:
        --home DIR      where everything is kept (else AIRLOOM_HOME, else ~/airloom)
        --config FILE   the settings (else AIRLOOM_CONFIG, else airloom.toml in the home folder)

      """
  }

  static func help(on command: CommandDescription) -> String {
    "usage: \(command.usage)\n\n\(command.summary)\n"
      + (command.details.isEmpty ? "" : "\n\(command.details)\n")
  }
}
