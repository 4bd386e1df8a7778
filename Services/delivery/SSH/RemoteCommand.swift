internal import CSSH2

/// Runs one short command at the far end, with nothing on its standard input.
struct RemoteCommand {
  private let ssh: SSHSession

  init(_ ssh: SSHSession) { self.ssh = ssh }

  /// The first kilobytes of its standard output; empty where it failed.
  func run(_ command: String, within limit: Duration) throws(DeliveryError) -> [UInt8] {
    // The windows that libssh2's own macro asks for.
    let channel = try ssh.handle("opening a channel") {
      libssh2_channel_open_ex($0, "session", 7, 2 * 1024 * 1024, 32_768, nil, 0)
    }
    // A channel whose command hangs would not close either; it ends with the connection.
    let output = try converse(channel, command, within: limit)
    _ = try ssh.call("ending a command") { _ in Int(libssh2_channel_free(channel)) }
    return output
  }

  private func converse(
    _ channel: OpaquePointer, _ command: String, within limit: Duration
  ) throws(DeliveryError) -> [UInt8] {
    _ = try ssh.call("running a command") { _ in
      Int(
        libssh2_channel_process_startup(
          channel, "exec", 4, command, UInt32(command.utf8.count)))
    }
    // A forced command that waits for input (internal-sftp, a menu) sees the end of it and stops.
    _ = try ssh.call("running a command") { _ in Int(libssh2_channel_send_eof(channel)) }
    var output: [UInt8] = []
    var buffer = [CChar](repeating: 0, count: 4096)
    while output.count < 16_384 {
      let count = try ssh.call("waiting for a command", within: limit) { _ in
        libssh2_channel_read_ex(channel, 0, &buffer, buffer.count)
      }
      if count == 0 { break }
      output += buffer[..<count].map(UInt8.init(bitPattern:))
    }
    _ = try ssh.call("ending a command") { _ in Int(libssh2_channel_close(channel)) }
    _ = try ssh.call("ending a command") { _ in Int(libssh2_channel_wait_closed(channel)) }
    return libssh2_channel_get_exit_status(channel) == 0 ? output : []
  }
}
