import Base
import Glibc
import Synchronization
import TestSupport

@testable import Service

enum FileManagement {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

/// A service with a component that does not end, for a process that is expected to exit.
enum HungService {
  static func live() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("airloom.toml", "[web]\nport = 0\n[service]\ndrain_s = 1\n")
    let options = try LaunchOptions(
      arguments: ["--home", folder.path, "--config", path], environment: [:],
      defaultNode: NodeID(unchecked: "converter-1"))
    let host = try ServiceHost(
      service: "converter", options: options, environment: [:], sink: { _ in })
    host.drain.pull("test")
    try await host.live(hasStatusPort: false) { _ in
      [
        LoopComponent("hung") {
          while true {
            // Deaf to cancellation, as a call that hangs is.
            await Task.detached { try? await Task.sleep(for: .seconds(1000)) }.value
          }
        }
      ]
    }
  }
}

/// A unix datagram socket that keeps what it is sent, as systemd's does.
final class DatagramListener: Sendable {
  private let descriptor: Int32
  private let messages = Mutex<[String]>([])

  init(path: String) throws {
    descriptor = try Syscall.check("socket") {
      socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    try Syscall.check("bind", path) {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }

  deinit { close(descriptor) }

  /// Everything so far.
  func received() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 1000)
    while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
      let text = String(decoding: buffer[..<count], as: UTF8.self)
      messages.withLock { $0.append(text) }
    }
    return messages.withLock { $0 }
  }
}
