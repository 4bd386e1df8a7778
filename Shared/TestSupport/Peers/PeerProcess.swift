internal import Base
internal import Glibc
internal import Subprocess

/// A real server that a test talks to: it dies with the test process, and with its owner.
struct PeerProcess: Sendable {
  let child: ChildProcess

  /// Starts the command and waits until it listens; what it said on standard error is in the error
  /// when it does not. It is not connected to before `isReady` says so of its process id.
  static func start(
    _ command: ChildCommand, listeningOn port: UInt16,
    after isReady: @Sendable (pid_t) -> Bool = { _ in true }
  ) async throws -> PeerProcess {
    let child = try await ChildProcess.start(command)
    try await eventually("\(command.program) listens on \(port)") {
      if let exit = child.ending {
        throw TestFailure("\(command.program) \(exit): \(child.errorText)\(child.outputText)")
      }
      return isReady(child.pid) && LoopbackPort.isListening(port)
    }
    return PeerProcess(child: child)
  }

  /// Debian's `daemon`, user and group: there on every system, and owner of nothing. Not `nobody`,
  /// whom libnss-systemd declares locked, so that sshd would refuse him.
  static let ordinaryUser: uid_t = 1

  /// The same command as an ordinary user when we are root: icecast2 refuses to be root, and rights
  /// on files mean nothing to root.
  static func unprivileged(_ path: String, _ arguments: [String]) throws -> ChildCommand {
    guard geteuid() == 0 else { return tailed(ChildCommand(path, arguments)) }
    // A change of user clears the kernel's die-with-parent, so setpriv asks for it again.
    return tailed(
      ChildCommand(
        try requires(.setpriv),
        [
          "--reuid=\(ordinaryUser)", "--regid=\(ordinaryUser)", "--clear-groups",
          "--pdeathsig=KILL", path,
        ] + arguments))
  }

  static func tailed(_ command: ChildCommand) -> ChildCommand {
    var command = command
    command.output = .tail(limit: 64 << 10)
    command.errors = .tail(limit: 64 << 10)
    return command
  }

  /// Gives a path to the user that `unprivileged` commands run as.
  static func handOver(_ path: String) throws {
    guard geteuid() == 0 else { return }
    try Syscall.check("chown", path) { chown(path, ordinaryUser, ordinaryUser) }
  }
}

extension ChildProcess {
  var outputText: String { String(decoding: outputTail, as: UTF8.self) }
}
