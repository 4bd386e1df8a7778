public import Base
internal import Glibc
internal import Synchronization

/// Sends numbered frames to an Icecast mountpoint at the pace of real time, as a broadcaster's
/// encoder does, and notes when each frame went out.
///
/// A thread of its own paces by absolute monotonic deadlines: frame n is sent when it would have
/// been wholly encoded, that is at start + (n + 1) × frame duration, a few frames at a time.
public final class NumberedIcecastSource: Sendable {
  public struct Sent: Sendable {
    public let number: UInt64
    /// Wall time when the frame was handed to the socket.
    public let at: Instant
  }

  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  private struct State {
    var sent: [Sent] = []
    var isStopping = false
    var hasEnded = false
    var failure: String?
    var silent: Range<UInt64>?
  }

  public let frames: NumberedFrames
  private let host: String
  private let port: UInt16
  private let mount: String
  private let user: String
  private let password: String
  private let first: UInt64
  private let state = Mutex(State())

  /// `mount` begins with a slash. `first` is the number of the first frame, so that a source that
  /// is started again can go on counting.
  public init(
    frames: NumberedFrames, host: String = "127.0.0.1", port: UInt16, mount: String,
    user: String = "source", password: String, first: UInt64 = 0
  ) {
    self.frames = frames
    self.host = host
    self.port = port
    self.mount = mount
    self.user = user
    self.password = password
    self.first = first
  }

  /// What has been sent so far, in order.
  public var log: [Sent] { state.withLock { $0.sent } }
  /// Why it ended by itself; nil while it runs and after `stop`.
  public var failure: String? { state.withLock { $0.failure } }
  public var hasEnded: Bool { state.withLock { $0.hasEnded } }

  /// Frames of this range are sent as plain silence, all alike.
  public func setSilent(_ numbers: Range<UInt64>?) { state.withLock { $0.silent = numbers } }

  /// Returns when so much more of the programme has been sent: for what must last, the source's time is
  /// what passes.
  public func send(more duration: Duration, within limit: Duration = .seconds(60)) async throws {
    let count = log.count + Int(duration.inSeconds / frames.frameDuration.inSeconds)
    try await eventually("the source has sent \(duration) more", within: limit) {
      log.count >= count
    }
  }

  /// Connects and authenticates (blocking), then sends on its own thread.
  public func start() throws {
    let connection = try SourceSocket(host: host, port: port)
    try connection.offer(
      mount: mount, contentType: frames.contentType, user: user, password: password)
    BackgroundThread(named: "numbered-source") { [self] in
      send(on: connection)
      state.withLock { $0.hasEnded = true }
    }.start()
  }

  /// Closes the connection soon; `hasEnded` tells when.
  public func stop() { state.withLock { $0.isStopping = true } }

  private func send(on connection: SourceSocket) {
    let clock = SystemTimeSource()
    let start = clock.monotonic()
    var number = first
    while !state.withLock({ $0.isStopping }) {
      let due = start + frames.start(ofFrame: number - first + 1)
      let wait = due - clock.monotonic()
      if wait > .zero { usleep(UInt32(clamping: wait.microseconds)) }
      let isSilent = state.withLock { $0.silent?.contains(number) ?? false }
      let bytes = isSilent ? frames.silentFrame(number) : frames.frame(number)
      let at = clock.now()
      // Noted before it is sent: whoever received it finds it in the log.
      state.withLock { $0.sent.append(Sent(number: number, at: at)) }
      do {
        try connection.write(bytes)
      } catch {
        state.withLock {
          $0.sent.removeLast()
          $0.failure = "\(error)"
        }
        return
      }
      number += 1
    }
  }
}

/// One TCP connection to Icecast's source port.
private final class SourceSocket: Sendable {
  private let descriptor: Int32

  init(host: String, port: UInt16) throws {
    descriptor = try Syscall.check("socket") {
      socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      throw NumberedIcecastSource.Failure(description: "\(host) is not an IPv4 address")
    }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else {
      let error = SystemError(code: errno, call: "connect", subject: "\(host):\(port)")
      throw error
    }
    // Frames go out when they are due, not when enough has gathered.
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
  }

  deinit { close(descriptor) }

  func offer(mount: String, contentType: String, user: String, password: String) throws {
    let request =
      "PUT \(mount) HTTP/1.1\r\nHost: localhost\r\n"
      + "Authorization: Basic \(base64("\(user):\(password)"))\r\n"
      + "User-Agent: airloom-test\r\nContent-Type: \(contentType)\r\nIce-Public: 0\r\n"
      + "Ice-Name: numbered\r\nExpect: 100-continue\r\n\r\n"
    try write(Array(request.utf8))
    let status = try readHead().prefix { $0 != "\r\n" && $0 != "\r" }
    guard status.contains(" 100") || status.contains(" 200") else {
      throw NumberedIcecastSource.Failure(description: "Icecast refused the source: \(status)")
    }
  }

  func write(_ bytes: [UInt8]) throws(SystemError) {
    var start = 0
    while start < bytes.count {
      let from = start
      start += try Syscall.check("send") {
        bytes.withUnsafeBytes { buffer in
          Glibc.send(
            descriptor, buffer.baseAddress.map { $0 + from }, buffer.count - from,
            Int32(MSG_NOSIGNAL))
        }
      }
    }
  }

  private func readHead() throws(SystemError) -> String {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while head.count < 8192, !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = try Syscall.check("read") { read(descriptor, &byte, 1) }
      if count == 0 { break }
      head.append(byte)
    }
    return String(decoding: head, as: UTF8.self)
  }
}

private func base64(_ text: String) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var result: [UInt8] = []
  let bytes = Array(text.utf8)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let padded = Array(group) + [UInt8](repeating: 0, count: 3 - group.count)
    let word = padded.reduce(0) { $0 << 8 | Int($1) }
    for index in 0..<4 {
      result.append(
        index <= group.count ? alphabet[word >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: result, as: UTF8.self)
}
