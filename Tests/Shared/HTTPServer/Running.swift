import HTTPServer
import Synchronization

/// A server on a free port of the loopback interface, with a count of its requests.
final class Running: Sendable {
  let server: Server
  private let counter: Counter

  private final class Counter: Sendable {
    let count = Atomic<Int>(0)
  }

  init(
    _ configuration: Server.Configuration = .loopback, finish: Server.Finisher? = nil,
    handler: @escaping Server.Handler
  ) async throws {
    let counter = Counter()
    self.counter = counter
    server = try Server(configuration, finish: finish ?? { _, _ in }) { request in
      counter.count.add(1, ordering: .relaxed)
      return await handler(request)
    }
  }

  var port: UInt16 { server.port ?? 0 }
  var requests: Int { counter.count.load(ordering: .relaxed) }

  func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  func stop() async { await server.stop() }
}

extension Server.Configuration {
  static var loopback: Server.Configuration { .init(.tcp(host: "127.0.0.1", port: 0)) }

  static func loopback<Value>(
    _ path: WritableKeyPath<Server.Configuration, Value>, _ value: Value
  ) -> Server.Configuration {
    var configuration = loopback
    configuration[keyPath: path] = value
    return configuration
  }
}

/// Holds handlers until it is opened; deaf to cancellation.
final class Gate: Sendable {
  private let state = Mutex(
    (isOpen: false, waiting: [CheckedContinuation<Void, Never>](), count: 0))

  /// How many have come to it so far.
  var waiters: Int { state.withLock { $0.count } }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        state.count += 1
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
