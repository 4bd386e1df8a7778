internal import Base
internal import Glibc

/// The status of a GET, for finding out whether a server is ready; reads no body.
enum HTTPProbe {
  static func status(port: UInt16, path: String) async throws -> Int? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard LoopbackPort.connect(descriptor, to: port) else { return nil }
    let request = Array("GET \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) > 0 else {
      return nil
    }
    var answer = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &answer, answer.count, 0)
    guard count > 12 else { return nil }
    let words = String(decoding: answer[..<count], as: UTF8.self).split(separator: " ")
    return words.count > 1 ? Int(words[1].prefix(3)) : nil
  }
}
