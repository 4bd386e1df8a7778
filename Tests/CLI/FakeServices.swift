import Base
import Glibc
import Subprocess
import TestSupport

/// `airloom` beside services that are shell scripts, for what real services would never do.
struct FakeServices {
  let folder: TemporaryFolder
  var home: String { folder("home") }

  /// The scripts by service.
  init(_ scripts: [String: String]) throws {
    folder = try TemporaryFolder()
    try folder.folder("bin")
    // A copy, because the services are looked for beside the program itself.
    let program = try DurableFile.read(try BuiltPrograms.path("airloom"))
    try DurableFile.write(program, to: folder("bin/airloom"), mode: 0o755)
    for (service, script) in scripts {
      try DurableFile.write(
        Array("#!/bin/sh\n\(script)\n".utf8), to: folder("bin/airloom-\(service)"), mode: 0o755)
    }
    let names = scripts.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
    try folder.file(
      "home/airloom.toml",
      "[up]\nservices = [\(names)]\nrestart_first_s = 0.05\nrestart_cap_s = 0.1\n")
  }

  func up() async throws -> RunningUp {
    var command = ChildCommand(folder("bin/airloom"), ["up", "--home", home])
    command.output = .tail(limit: 1 << 20)
    command.errors = .sameAsOutput
    return RunningUp(child: try await ChildProcess.start(command), folder: folder)
  }
}
