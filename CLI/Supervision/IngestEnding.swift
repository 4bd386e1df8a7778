internal import Base
internal import Configuration
internal import Glibc

/// Ends what a recorder leaves behind on purpose: the ingest, which goes on holding connections for the
/// recorder's next life (docs/ingest.md). `airloom up` is over for good, so there will be none.
enum IngestEnding {
  /// The frame `quit`, which is the same in every version of the ingest's protocol.
  private static let quit: [UInt8] = [1, 0, 0, 0, 3]

  /// Tells every ingest of that recorder; does not wait. What does not listen ends by itself.
  static func endAll(of node: NodeID, in home: Home) {
    for path in sockets(of: node, in: home) {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(path.utf8) + [0]
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0, bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else {
        continue
      }
      defer { close(descriptor) }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
      if isConnected { _ = send(descriptor, quit, quit.count, Int32(MSG_NOSIGNAL)) }
    }
  }

  private static func sockets(of node: NodeID, in home: Home) -> [String] {
    guard let folder = opendir(home.run) else { return [] }
    defer { closedir(folder) }
    var paths: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      let isOne = name == "ingest-\(node).sock" || name.hasPrefix("ingest-\(node)~")
      if isOne { paths.append("\(home.run)/\(name)") }
    }
    return paths
  }
}
