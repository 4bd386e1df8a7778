import Base
import Configuration
import Service
import Testing

@Suite("The command line of a service")
struct LaunchOptionsTests {
  @Test("wins over the environment, which wins over the defaults")
  func precedence() throws {
    let environment = [
      "AIRLOOM_HOME": "/env", "AIRLOOM_CONFIG": "/env.toml", "AIRLOOM_NODE": "recorder-7",
    ]
    let plain = try options([], ["HOME": "/home/ann"])
    #expect(plain.home.path == "/home/ann/airloom")
    #expect(plain.settings.path == "/home/ann/airloom/airloom.toml")
    #expect(!plain.settings.isRequired)
    #expect(plain.node == .named(NodeID(unchecked: "recorder-1")))

    let fromEnvironment = try options([], environment)
    #expect(fromEnvironment.home.path == "/env")
    #expect(fromEnvironment.settings.path == "/env.toml")
    #expect(fromEnvironment.settings.isRequired)
    #expect(fromEnvironment.node == .named(NodeID(unchecked: "recorder-7")))

    let given = try options(["--home", "/arg", "--config=/arg.toml", "--node", "r"], environment)
    #expect(given.home.path == "/arg")
    #expect(given.settings.path == "/arg.toml")
    #expect(given.node == .named(NodeID(unchecked: "r")))

    let container = try options(
      ["--home", "/app"],
      ["AIRLOOM_STATE": "/app/data", "AIRLOOM_CONFIG": "/app/config/", "AIRLOOM_HOME": "/env"])
    #expect(container.home.bus == "/app/data/bus")
    #expect(container.home.data == "/app/data")
    #expect(container.settings.path == "/app/config/airloom.toml")
    #expect(!container.settings.isRequired)
  }

  @Test("names a worker by the first free slot, but only where there can be several")
  func automaticName() throws {
    #expect(try options(["--node", "auto"], [:]).node == .firstFree(service: "recorder"))
    #expect(try options([], ["AIRLOOM_NODE": "auto"]).node == .firstFree(service: "recorder"))
    let error = #expect(throws: ServiceError.self) {
      try NodeChoice("auto", defaultNode: NodeID(unchecked: "scheduler"))
    }
    #expect(error?.code == .usage)
    #expect(error?.description.contains("there is only one scheduler") == true)
  }

  @Test(
    "is refused with a sentence",
    arguments: [
      (["--hom", "/x"], "'--hom' is no option; did you mean --home?"),
      (["x"], "'x' is no option; the options are --home, --config, --node"),
      (["--home"], "--home needs a value after it"),
      (["--home="], "--home needs a value after it"),
      (["--home", "x"], "the home folder x must be an absolute path"),
      (
        ["--node", "Rec 1"],
        "'Rec 1' cannot be a node's name: use lower-case letters, digits, '-', '_' and '.'"
      ),
    ])
  func refusals(arguments: [String], sentence: String) {
    let error = #expect(throws: ServiceError.self) { try options(arguments, ["HOME": "/h"]) }
    #expect(error?.description == sentence)
    #expect(error?.code == .usage)
  }

  private func options(
    _ arguments: [String], _ environment: [String: String]
  ) throws -> LaunchOptions {
    try LaunchOptions(
      arguments: arguments, environment: environment, defaultNode: NodeID(unchecked: "recorder-1"))
  }
}
