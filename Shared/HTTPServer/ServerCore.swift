internal import Base
internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// What libmicrohttpd calls back into; owns the daemon and knows every exchange under way.
/// Retained by the daemon from start to stop.
final class ServerCore: Sendable {
  private struct State {
    var daemon: Handle?
    var exchanges: [ObjectIdentifier: Exchange] = [:]
    var isStopping = false
  }

  private let configuration: Server.Configuration
  private let handler: Server.Handler
  private let finish: Server.Finisher
  private let state = Mutex(State())

  init(
    _ configuration: Server.Configuration, handler: @escaping Server.Handler,
    finish: @escaping Server.Finisher
  ) {
    self.configuration = configuration
    self.handler = handler
    self.finish = finish
  }

  func start(on socket: ListeningSocket) throws(ServerError) {
    let context = Unmanaged.passRetained(self)
    var settings = airloom_mhd_settings()
    settings.listen_fd = socket.descriptor
    settings.threads = UInt32(configuration.threads)
    settings.connection_limit = UInt32(configuration.connectionLimit)
    settings.connection_limit_per_address = UInt32(configuration.connectionLimitPerPeer)
    settings.idle_timeout_s = UInt32(max(1, configuration.idleTimeout.inSeconds.rounded(.up)))
    settings.context = context.toOpaque()
    settings.on_request = ServerCore.onRequest
    settings.on_completed = ServerCore.onCompleted
    guard let daemon = airloom_mhd_start(&settings) else {
      context.release()
      close(socket.descriptor)
      throw ServerError(
        kind: .system(errno),
        description: "\(socket.address) cannot be served: libmicrohttpd did not start")
    }
    let handle = Handle(pointer: daemon)
    state.withLock { $0.daemon = handle }
  }

  /// Blocks. Suspended connections must be resumed first: libmicrohttpd aborts the process when it
  /// is stopped while there are any.
  func stop() {
    let (daemon, exchanges) = state.withLock { state in
      defer { (state.daemon, state.isStopping) = (nil, true) }
      return (state.daemon, Array(state.exchanges.values))
    }
    guard let daemon else { return }
    let listener = MHD_quiesce_daemon(daemon.pointer)
    if listener >= 0 { close(listener) }
    for exchange in exchanges { exchange.wind() }
    let time = SystemTimeSource()
    let deadline = time.monotonic() + configuration.grace
    // Until libmicrohttpd has sent the last byte of each: an answer whose end is known but not yet
    // written would be cut off.
    while state.withLock({ !$0.exchanges.isEmpty }) && time.monotonic() < deadline {
      usleep(2000)
    }
    for exchange in exchanges { exchange.answer(Exchange.stopping) }
    MHD_stop_daemon(daemon.pointer)
    Unmanaged.passUnretained(self).release()
  }

  private static let onRequest: MHD_AccessHandlerCallback = {
    context, connection, url, method, _, upload, uploadSize, slot in
    guard let context, let connection, let url, let method, let uploadSize, let slot else {
      return .NO
    }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    guard let known = slot.pointee else {
      let configuration = core.configuration
      let exchange = Exchange(
        connection: Handle(pointer: connection),
        largestBody: configuration.largerBodies[String(cString: url)] ?? configuration.largestBody,
        makeRequest: RequestReader.read(connection, method: method, path: url))
      slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
      return core.begin(exchange)
    }
    let exchange = Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
    if uploadSize.pointee > 0 {
      let bytes = UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee)
      uploadSize.pointee = 0
      return exchange.append(bytes) ? .YES : .NO
    }
    return core.proceed(exchange)
  }

  private static let onCompleted: MHD_RequestCompletedCallback = { context, _, slot, _ in
    guard let context, let known = slot?.pointee else { return }
    slot?.pointee = nil
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    let exchange = Unmanaged<Exchange>.fromOpaque(known).takeRetainedValue()
    core.state.withLock { _ = $0.exchanges.removeValue(forKey: ObjectIdentifier(exchange)) }
    exchange.complete()
  }

  /// The head has been read. A body that is much too long by its own word, or whose sender waits for
  /// ours, is refused before it comes. One that is a little too long is read and dropped first, since
  /// most clients lose an answer that comes while they send.
  private func begin(_ exchange: Exchange) -> MHD_Result {
    let head = exchange.head
    let length = head.header("Content-Length").flatMap { Int($0) } ?? 0
    let isAsking = head.header("Expect")?.lowercased() == "100-continue"
    if length > (isAsking ? exchange.largestBody : exchange.mostRead) {
      return send(Exchange.tooLarge, for: exchange)
    }
    guard let admit = configuration.admit, configuration.largerBodies[head.path] != nil else {
      return .YES
    }
    guard enter(exchange) else { return send(Exchange.stopping, for: exchange) }
    exchange.holdBody()
    MHD_suspend_connection(exchange.connection.pointer)
    exchange.attach(Task { exchange.admit(unless: await admit(head)) })
    return .YES
  }

  /// Under one lock with the flag: `stop` sees either this exchange or none. False when it is too
  /// late for it.
  private func enter(_ exchange: Exchange) -> Bool {
    state.withLock { state in
      if !state.isStopping { state.exchanges[ObjectIdentifier(exchange)] = exchange }
      return !state.isStopping
    }
  }

  private func proceed(_ exchange: Exchange) -> MHD_Result {
    switch exchange.next() {
    case .wait: return .YES
    case .send(let response): return send(response, for: exchange)
    case .handle(let request):
      guard enter(exchange) else { return send(Exchange.stopping, for: exchange) }
      MHD_suspend_connection(exchange.connection.pointer)
      exchange.attach(Task { [handler] in exchange.answer(await handler(request)) })
      return .YES
    }
  }

  private func send(_ response: Response, for exchange: Exchange) -> MHD_Result {
    let request = exchange.head
    var response = response
    finish(request, &response)
    if case .channel(let channel) = response.body {
      exchange.attach(channel)
      channel.attach(exchange.connection)
      if state.withLock({ $0.isStopping }) { channel.finish() }
    }
    return ResponseSender.send(
      response.unlessKnown(to: request), to: request, on: exchange.connection.pointer)
  }
}
