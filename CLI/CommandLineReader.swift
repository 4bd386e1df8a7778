internal import Configuration
internal import Service

/// One command of `airloom`: how it is written and what it does, in the words of `help`.
struct CommandDescription: Sendable {
  /// `control`
  let name: String
  /// `<node> <command>`
  let parameters: [String]
  /// How many of the parameters may be left out, from the end.
  var optionalCount = 0
  /// Its own; those of all commands are not named.
  var options: [CommandOption] = []
  let summary: String
  /// What `help <command>` says below the usage.
  let details: String

  var usage: String {
    let needed = parameters.count - optionalCount
    let words = parameters.enumerated().map { $0.offset < needed ? $0.element : "[\($0.element)]" }
    return (["airloom", name] + words).joined(separator: " ")
  }
}

/// An option that one command has.
struct CommandOption: Sendable, Hashable {
  /// `--stream`
  let name: String
  /// What stands after it, such as `ID`; nil where nothing does.
  var value: String?
}

/// What was typed, sorted into the command, its parameters and the options.
struct CommandLineInput: Sendable, Hashable {
  var command: String
  var parameters: [String]
  var home: String?
  var settings: String?
  /// The command's own ones, by name; empty text where an option has no value.
  var options: [String: String] = [:]
}

/// Reads the command line. Options may stand anywhere; every mistake is one sentence with a way out.
enum CommandLineReader {
  static func read(
    _ arguments: [String], commands: [CommandDescription]
  ) throws(ServiceError) -> CommandLineInput {
    var words: [String] = []
    var options: [String: String] = [:]
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        words += rest
        break
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        words.append(argument)
        continue
      }
      if let command = shortcuts[argument] {
        // `airloom up --help` asks for help on `up`.
        return CommandLineInput(command: command, parameters: command == "help" ? words : [])
      }
      let (name, value) = try option(argument, &rest, among: commands)
      options[name] = value
    }
    guard let name = words.first else {
      throw ServiceError(.usage, "say what to do: `airloom help` lists the commands")
    }
    let command = try find(name, among: commands)
    let parameters = Array(words.dropFirst())
    try check(parameters, for: command)
    let own = options.filter { !optionNames.contains($0.key) }
    for name in own.keys.sorted() where !command.options.contains(where: { $0.name == name }) {
      throw ServiceError(.usage, "'\(name)' is no option of `airloom \(command.name)`")
    }
    return CommandLineInput(
      command: name, parameters: parameters, home: options["--home"],
      settings: options["--config"], options: own)
  }

  static func find(
    _ name: String, among commands: [CommandDescription]
  ) throws(ServiceError) -> CommandDescription {
    if let command = commands.first(where: { $0.name == name }) { return command }
    let hint = NearMiss.best(for: name, among: commands.map(\.name)).map {
      "did you mean `airloom \($0)`?"
    }
    throw ServiceError(
      .usage, "there is no command '\(name)'; \(hint ?? "`airloom help` lists the commands")")
  }

  private static let shortcuts = ["-h": "help", "--help": "help", "--version": "version"]
  private static let optionNames = ["--home", "--config"]

  private static func option(
    _ argument: String, _ rest: inout ArraySlice<String>, among commands: [CommandDescription]
  ) throws(ServiceError) -> (name: String, value: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let own = commands.flatMap(\.options).first { $0.name == name }
    if let own, own.value == nil {
      guard parts.count == 1 else { throw ServiceError(.usage, "\(name) takes no value") }
      return (name, "")
    }
    guard own != nil || optionNames.contains(name) else {
      let known = optionNames + shortcuts.keys.sorted()
      let hint = NearMiss.best(for: name, among: known).map { "did you mean \($0)?" }
      throw ServiceError(
        .usage,
        "'\(name)' is no option; \(hint ?? "the options are \(known.joined(separator: ", "))")")
    }
    guard let value = parts.count > 1 ? String(parts[1]) : rest.popFirst(), !value.isEmpty else {
      throw ServiceError(.usage, "\(name) needs a value after it")
    }
    return (name, value)
  }

  private static func check(
    _ parameters: [String], for command: CommandDescription
  ) throws(ServiceError) {
    let needed = command.parameters.count - command.optionalCount
    if parameters.count < needed {
      let missing = command.parameters[parameters.count]
      throw ServiceError(.usage, "\(missing) is missing: \(command.usage)")
    }
    if parameters.count > command.parameters.count {
      let extra = parameters[command.parameters.count]
      throw ServiceError(.usage, "'\(extra)' is one word too many: \(command.usage)")
    }
  }
}
