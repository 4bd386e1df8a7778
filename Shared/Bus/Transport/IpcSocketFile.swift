internal import Base
internal import Glibc

/// Looks after the file of an ipc endpoint before it is bound.
///
/// libzmq leaves the file behind when it ends (also in an orderly stop) and removes whatever stands
/// under the name when it binds. That is right after kill -9, but it would also take a living
/// process's endpoint away without a word to either. The single instance lock of a node is what
/// keeps two processes apart and must be held before the bus is started; the look here only catches
/// the clear case, and has a race of its own.
enum IpcSocketFile {
  /// Makes the folder (0750), and refuses a folder that everybody may enter, a file that is no
  /// socket, and a socket on which somebody listens.
  static func prepare(_ path: String) throws(TransportError) {
    let folder = DurableFile.folder(of: path)
    var status = stat()
    do throws(SystemError) {
      try Syscall.makeFolders(folder, mode: 0o750)
      try Syscall.check("stat", folder) { stat(folder, &status) }
    } catch { throw TransportError(.folder, "The bus folder cannot be used: \(error).") }
    guard status.st_mode & 0o007 == 0 else {
      throw TransportError(
        .folder, "Everybody on this machine may enter the bus folder \(folder): chmod 0750 it.")
    }
    try refuseOccupied(path)
  }

  private static func refuseOccupied(_ path: String) throws(TransportError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw TransportError(
        .folder, "\(path) is in the way of a bus socket and is not one: move it away.")
    }
    if isListening(path) {
      throw TransportError(
        .inUse, "Another process listens on \(path): stop it first, a node runs only once.")
    }
  }

  /// A socket left behind by a dead process refuses the connection.
  private static func isListening(_ path: String) -> Bool {
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { buffer in
      for (index, byte) in path.utf8.prefix(EndpointAddress.longestPath).enumerated() {
        buffer[index] = byte
      }
    }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    // EAGAIN: the queue of the listener is full, so there is one.
    return result == 0 || errno == EAGAIN
  }
}
