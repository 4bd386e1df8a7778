internal import Base
internal import Configuration
internal import Messages
internal import Service

/// `airloom control <node> <command>`
enum ControlCommandLine {
  static func run(node name: String, command: String, in place: Place) async throws -> ExitCode {
    guard let wanted = ControlCommand(rawValue: command) else {
      let names = ControlCommand.allCases.map(\.rawValue)
      let hint = NearMiss.best(for: command, among: names).map { "did you mean '\($0)'?" }
      throw ServiceError(
        .usage,
        "there is no control command '\(command)'; "
          + (hint ?? "there are \(names.joined(separator: ", "))"))
    }
    let client = ControlClient(place.home)
    let nodes = client.nodes
    guard let node = NodeID(name), nodes.contains(node) else {
      throw ServiceError(.unavailable, missing(name, among: nodes.map(\.text), place.home))
    }
    do {
      let answer = try await client.ask(node, wanted)
      Terminal.print(String(decoding: answer, as: UTF8.self))
      return .success
    } catch {
      throw ServiceError(
        .unavailable, "\(node) does not answer at \(place.home.controlSocket(of: node)): \(error)")
    }
  }

  private static func missing(_ name: String, among nodes: [String], _ home: Home) -> String {
    if nodes.isEmpty { return "no service runs in \(home.path): start them with `airloom up`" }
    let hint = NearMiss.best(for: name, among: nodes).map { "did you mean \($0)?" }
    return "no node \(name) runs in \(home.path); "
      + (hint ?? "there are \(nodes.joined(separator: ", "))")
  }
}
