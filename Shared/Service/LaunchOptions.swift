public import Base
public import Configuration

/// What the command line and the environment say about one process: where its home is, which
/// settings it reads and what it is called.
public struct LaunchOptions: Sendable, Hashable {
  public var home: Home
  public var settings: SettingsFile
  public var node: NodeChoice

  /// Reads `--home DIR --config FILE --node NAME` (also `--home=DIR`); the command line wins over
  /// AIRLOOM_HOME, AIRLOOM_CONFIG and AIRLOOM_NODE. The name `auto` is for services whose default
  /// node is numbered.
  public init(
    arguments: [String], environment: [String: String], defaultNode: NodeID
  ) throws(ServiceError) {
    var given: [String: String] = [:]
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard Self.names.contains(name) else { throw Self.unknown(argument) }
      guard let value = parts.count > 1 ? String(parts[1]) : rest.popFirst(), !value.isEmpty else {
        throw ServiceError(.usage, "\(name) needs a value after it")
      }
      given[name] = value
    }
    home = Home.standard(given["--home"], environment: environment)
    if let objection = home.objection { throw ServiceError(.usage, objection) }
    settings = SettingsFile(given["--config"] ?? environment["AIRLOOM_CONFIG"], in: home)
    let name = given["--node"] ?? environment["AIRLOOM_NODE"] ?? defaultNode.text
    node = try NodeChoice(name, defaultNode: defaultNode)
  }

  private static let names = ["--home", "--config", "--node"]

  private static func unknown(_ argument: String) -> ServiceError {
    let hint = NearMiss.best(for: argument, among: names + ["--help", "--version"])
      .map { "did you mean \($0)?" }
    return ServiceError(
      .usage,
      "'\(argument)' is no option; \(hint ?? "the options are \(names.joined(separator: ", "))")")
  }
}
