internal import CMicrohttpd
internal import Synchronization

/// One request on its way through the server: read on libmicrohttpd's thread, handled in a task
/// while its connection is suspended, answered on libmicrohttpd's thread again.
///
/// The connection's handle is valid until the completion callback, which does not come while the
/// connection is suspended; so resuming it, once, out of `handling` is always safe.
final class Exchange: Sendable {
  private enum Phase {
    case receiving
    /// Suspended before the body is read; whoever changes this phase must resume the connection.
    case admitting
    /// Resumed: libmicrohttpd will come round once more before it reads the body.
    case admitted
    /// Suspended; whoever changes this phase must resume the connection.
    case handling
    case answered(Response)
    case sent
  }

  /// What libmicrohttpd's thread is to do now.
  enum Step {
    case handle(Request)
    case send(Response)
    case wait
  }

  private struct State {
    var phase = Phase.receiving
    var body: [UInt8] = []
    var excess = 0
    var task: Task<Void, Never>?
    var channel: OutputChannel?
  }

  let connection: Handle
  /// In bytes.
  let largestBody: Int
  private let makeRequest: @Sendable ([UInt8]) -> Request
  private let state = Mutex(State())

  init(
    connection: Handle, largestBody: Int, makeRequest: @escaping @Sendable ([UInt8]) -> Request
  ) {
    self.connection = connection
    self.largestBody = largestBody
    self.makeRequest = makeRequest
  }

  /// The request without its body, for answers that come before it.
  var head: Request { makeRequest([]) }

  /// Takes a piece of the body; false when the client sends so far beyond the limit that it is to
  /// be cut off rather than told.
  func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
    state.withLock { state in
      if state.excess > 0 || state.body.count + bytes.count > largestBody {
        // What is too much is read and dropped, because an answer can only follow the whole body.
        state.excess += bytes.count
        state.body = []
      } else {
        state.body += bytes
      }
      return state.excess <= mostRead - largestBody
    }
  }

  /// How much is read, if only to be dropped, before the sender is cut off; in bytes.
  var mostRead: Int { largestBody + max(largestBody, 1 << 20) }

  /// The body is complete, or the connection was resumed.
  func next() -> Step {
    state.withLock { state in
      switch state.phase {
      case .admitted:
        state.phase = .receiving
        return .wait
      case .receiving where state.excess > 0: return .send(Exchange.tooLarge)
      case .receiving:
        state.phase = .handling
        defer { state.body = [] }
        return .handle(makeRequest(state.body))
      case .answered(let response):
        state.phase = .sent
        return .send(response)
      case .admitting, .handling, .sent: return .wait
      }
    }
  }

  /// The body waits until `admit`; to be called before the connection is suspended.
  func holdBody() { state.withLock { $0.phase = .admitting } }

  /// Lets the body come, or answers without it.
  func admit(unless refusal: Response?) {
    guard let refusal else {
      state.withLock { state in
        guard case .admitting = state.phase else { return }
        state.phase = .admitted
        state.task = nil
        MHD_resume_connection(connection.pointer)
      }
      return
    }
    answer(refusal)
  }

  /// Keeps the handler's task, to cancel it when the server stops.
  func attach(_ task: Task<Void, Never>) { state.withLock { $0.task = task } }

  /// The first answer counts; a later one (the handler's, after the server gave up on it) is
  /// dropped.
  func answer(_ response: Response) {
    state.withLock { state in
      switch state.phase {
      case .admitting, .handling: break
      case .receiving, .admitted, .answered, .sent: return
      }
      state.phase = .answered(response)
      state.task = nil
      MHD_resume_connection(connection.pointer)
    }
  }

  func attach(_ channel: OutputChannel) { state.withLock { $0.channel = channel } }

  /// The server is stopping.
  func wind() {
    let (task, channel) = state.withLock { ($0.task, $0.channel) }
    task?.cancel()
    channel?.finish()
  }

  /// The connection is about to go, or to be used for the next request.
  func complete() {
    let channel = state.withLock { state in
      state.phase = .sent
      return state.channel
    }
    channel?.detach()
  }

  static let tooLarge =
    Problem(413, "too_large", "What you sent is larger than is taken here.").response
  static let stopping =
    Problem(503, "stopping", "This service is stopping; try again soon.", retryAfterSeconds: 5)
    .response
}
