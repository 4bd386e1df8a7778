internal import Base
internal import CZmq
internal import Glibc
internal import Synchronization

/// What ZeroMQ alone does on this machine over ipc: the ceiling that the bus is measured against.
///
/// No JSON, no rows, no acknowledgements. Each side has a context and a thread of its own, as two
/// processes would. Nothing is dropped: the outbox of the second measurement waits for its slowest
/// follower, unlike the bus's own. Blocks the calling thread.
struct PlainZeroMQ {
  struct Rate {
    let messages: Int
    let duration: Duration

    var perSecond: Double { Double(messages) / duration.inSeconds }
  }

  struct RoundTrip {
    let p50: Duration
    let p99: Duration
    let longest: Duration
  }

  /// A call that failed, with the library's sentence.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Rounds that are not counted: the first waits for the connections.
  private static let warmUp = 1000

  /// Bytes of each message; about one job as JSON.
  var messageSize = 500
  /// An existing folder for the sockets, with a short path.
  let folder: String

  /// From one PUSH to one PULL, until the last message is received.
  func pushPull(messages: Int) throws -> Rate {
    let context = try PlainContext()
    let pull = try context.socket(ZMQ_PULL)
    try pull.bind(endpoint("push"))
    let body = [UInt8](repeating: 0x61, count: messageSize)
    let start = ContinuousClock.now
    let sender = Side { [self] in
      let context = try PlainContext()
      let push = try context.socket(ZMQ_PUSH)
      defer { push.close() }
      try push.connect(endpoint("push"))
      for _ in 0..<messages { try push.send(body) }
    }
    var buffer = [UInt8](repeating: 0, count: messageSize)
    for _ in 0..<messages { try pull.receive(into: &buffer) }
    let duration = ContinuousClock.now - start
    try sender.join()
    pull.close()
    return Rate(messages: messages, duration: duration)
  }

  /// From one XPUB to as many SUB as told, until each has received all.
  func publishSubscribe(messages: Int, followers: Int) throws -> Rate {
    let context = try PlainContext()
    let xpub = try context.socket(ZMQ_XPUB)
    try xpub.set(ZMQ_XPUB_VERBOSE, 1)
    try xpub.set(ZMQ_XPUB_NODROP, 1)
    try xpub.bind(endpoint("publish"))
    let sides = (0..<followers).map { _ in
      Side { [self] in
        let context = try PlainContext()
        let sub = try context.socket(ZMQ_SUB)
        defer { sub.close() }
        try sub.subscribeToAll()
        try sub.connect(endpoint("publish"))
        var buffer = [UInt8](repeating: 0, count: messageSize)
        for _ in 0..<messages { try sub.receive(into: &buffer) }
      }
    }
    var subscription = [UInt8](repeating: 0, count: 16)
    for _ in 0..<followers { try xpub.receive(into: &subscription) }
    let body = [UInt8](repeating: 0x61, count: messageSize)
    let start = ContinuousClock.now
    for _ in 0..<messages { try xpub.send(body) }
    for side in sides { try side.join() }
    let duration = ContinuousClock.now - start
    xpub.close()
    return Rate(messages: messages, duration: duration)
  }

  /// From before each send to after its receive, one message in each interval.
  func oneWay(messages: Int, every interval: Duration) throws -> [Duration] {
    let context = try PlainContext()
    let pull = try context.socket(ZMQ_PULL)
    try pull.bind(endpoint("way"))
    let sender = Side { [self] in
      let context = try PlainContext()
      let push = try context.socket(ZMQ_PUSH)
      defer { push.close() }
      try push.connect(endpoint("way"))
      var body = [UInt8](repeating: 0x61, count: messageSize)
      for _ in 0..<messages {
        usleep(UInt32(clamping: interval.microseconds))
        let now = nanosecondsNow()
        body.withUnsafeMutableBytes { $0.storeBytes(of: now, as: Int64.self) }
        try push.send(body)
      }
    }
    var body = [UInt8](repeating: 0, count: messageSize)
    var times: [Duration] = []
    times.reserveCapacity(messages)
    for _ in 0..<messages {
      try pull.receive(into: &body)
      let now = nanosecondsNow()
      let sent = body.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
      times.append(.nanoseconds(now - sent))
    }
    try sender.join()
    pull.close()
    return times
  }

  /// There and back over two PUSH/PULL pairs, one message at a time.
  func roundTrip(rounds: Int) throws -> RoundTrip {
    let context = try PlainContext()
    let back = try context.socket(ZMQ_PULL)
    try back.bind(endpoint("back"))
    let echo = Side { [self] in
      let context = try PlainContext()
      let pull = try context.socket(ZMQ_PULL)
      let push = try context.socket(ZMQ_PUSH)
      defer {
        pull.close()
        push.close()
      }
      try pull.bind(endpoint("there"))
      try push.connect(endpoint("back"))
      var buffer = [UInt8](repeating: 0, count: messageSize)
      for _ in 0..<(PlainZeroMQ.warmUp + rounds) {
        try pull.receive(into: &buffer)
        try push.send(buffer)
      }
    }
    let there = try context.socket(ZMQ_PUSH)
    try there.connect(endpoint("there"))
    var body = [UInt8](repeating: 0x61, count: messageSize)
    var times: [Duration] = []
    times.reserveCapacity(rounds)
    for round in 0..<(PlainZeroMQ.warmUp + rounds) {
      let start = ContinuousClock.now
      try there.send(body)
      try back.receive(into: &body)
      if round >= PlainZeroMQ.warmUp { times.append(ContinuousClock.now - start) }
    }
    try echo.join()
    there.close()
    back.close()
    times.sort()
    return RoundTrip(
      p50: times[rounds / 2], p99: times[rounds * 99 / 100], longest: times[rounds - 1])
  }

  private func endpoint(_ name: String) -> String { "ipc://\(folder)/plain-\(name)" }
}

/// One side of a measurement on a thread of its own.
private final class Side: Sendable {
  private let outcome = Mutex<Result<Void, any Error>?>(nil)

  init(_ body: @escaping @Sendable () throws -> Void) {
    BackgroundThread(named: "plain-zeromq") { [self] in
      let result = Result { try body() }
      outcome.withLock { $0 = result }
    }.start()
  }

  /// Blocks until the side has ended; throws what it threw.
  func join() throws {
    while true {
      if let result = outcome.withLock({ $0 }) { return try result.get() }
      usleep(100)
    }
  }
}

/// `@unchecked Sendable`: libzmq allows a context on any thread, and `handle` is never changed.
private final class PlainContext: @unchecked Sendable {
  private let handle: UnsafeMutableRawPointer

  init() throws {
    guard let handle = zmq_ctx_new() else { throw PlainSocket.failure("zmq_ctx_new") }
    self.handle = handle
  }

  deinit { zmq_ctx_term(handle) }

  func socket(_ kind: Int32) throws -> PlainSocket {
    guard let socket = zmq_socket(handle, kind) else { throw PlainSocket.failure("zmq_socket") }
    let result = PlainSocket(owning: socket, in: self)
    // A side that waits in vain ends with an error rather than never.
    try result.set(ZMQ_RCVTIMEO, 10_000)
    try result.set(ZMQ_SNDTIMEO, 10_000)
    try result.set(ZMQ_LINGER, 10_000)
    return result
  }
}

/// Blocking calls on one socket, of the thread that made it.
private final class PlainSocket {
  private var handle: UnsafeMutableRawPointer?
  /// Ends after its sockets.
  private let context: PlainContext

  init(owning handle: UnsafeMutableRawPointer, in context: PlainContext) {
    self.handle = handle
    self.context = context
  }

  deinit { close() }

  func close() {
    if let handle { zmq_close(handle) }
    handle = nil
  }

  func set(_ option: Int32, _ value: Int32) throws {
    var value = value
    try check(zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size), "zmq_setsockopt")
  }

  func subscribeToAll() throws {
    try check(zmq_setsockopt(handle, ZMQ_SUBSCRIBE, nil, 0), "zmq_setsockopt")
  }

  func bind(_ endpoint: String) throws { try check(zmq_bind(handle, endpoint), "zmq_bind") }

  func connect(_ endpoint: String) throws {
    try check(zmq_connect(handle, endpoint), "zmq_connect")
  }

  func send(_ bytes: [UInt8]) throws {
    try check(zmq_send(handle, bytes, bytes.count, 0), "zmq_send")
  }

  func receive(into buffer: inout [UInt8]) throws {
    try check(zmq_recv(handle, &buffer, buffer.count, 0), "zmq_recv")
  }

  private func check(_ result: Int32, _ call: String) throws {
    if result < 0 { throw PlainSocket.failure(call) }
  }

  static func failure(_ call: String) -> PlainZeroMQ.Failure {
    let reason = zmq_strerror(zmq_errno()).map { String(cString: $0) } ?? "unknown error"
    return PlainZeroMQ.Failure(description: "\(call): \(reason)")
  }
}
