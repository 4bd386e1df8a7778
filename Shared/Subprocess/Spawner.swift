internal import Base
internal import CShims
internal import Glibc

/// Turns a command into a running process with `airloom_spawn`. Only on the loop's thread.
enum Spawner {
  static func spawn(
    _ command: ChildCommand, _ streams: StandardStreams
  ) throws(ChildError) -> (pid: pid_t, pidfd: Int32) {
    let pid = try start(command, streams)
    let pidfd = airloom_pidfd_open(pid)
    if pidfd >= 0 { return (pid, pidfd) }
    // Out of descriptors at the worst moment: a child that cannot be watched must not run.
    let code = errno
    kill(-pid, SIGKILL)
    while waitpid(pid, nil, 0) < 0 && errno == EINTR { continue }
    throw ChildError(SystemError(code: code, call: "pidfd_open", subject: command.program))
  }

  private static func start(
    _ command: ChildCommand, _ streams: StandardStreams
  ) throws(ChildError) -> pid_t {
    let arguments = [command.program] + command.arguments
    let environment = environment(of: command)
    let texts = arguments + environment + [command.workingDirectory ?? ""]
    if texts.contains(where: { $0.utf8.contains(0) }) {
      throw ChildError(
        .invalidCommand, "an argument for \(command.program) contains a zero byte")
    }
    var code: Int32 = 0
    let pid = withCStrings(arguments) { argv in
      withCStrings(environment) { envp in
        withOptionalCString(command.workingDirectory) { folder in
          command.program.withCString { path in
            var request = airloom_spawn(
              path: path, argv: argv, envp: envp, working_directory: folder,
              stdin_fd: streams.childs[0].descriptor, stdout_fd: streams.childs[1].descriptor,
              stderr_fd: streams.childs[2].descriptor, nice_level: command.niceness,
              own_group: true, death_signal: command.deathSignal ?? 0)
            let pid = airloom_spawn(&request)
            code = errno
            return pid
          }
        }
      }
    }
    if pid < 0 { throw ChildError.starting(command, errno: code) }
    return pid
  }

  private static func environment(of command: ChildCommand) -> [String] {
    var variables = command.environment
    if command.inheritsEnvironment {
      for (name, value) in inherited() where variables[name] == nil { variables[name] = value }
    }
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }

  private static func inherited() -> [(String, String)] {
    var found: [(String, String)] = []
    guard var entry = airloom_environ() else { return [] }
    while let text = entry.pointee {
      let pair = String(cString: text)
      if let equals = pair.firstIndex(of: "=") {
        let name = String(pair[..<equals])
        if !ChildCommand.withheldVariables.contains(name) {
          found.append((name, String(pair[pair.index(after: equals)...])))
        }
      }
      entry += 1
    }
    return found
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return body(pointers)
  }

  private static func withOptionalCString<Result>(
    _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
  ) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
  }
}
