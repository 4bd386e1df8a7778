internal import Base
internal import Synchronization

/// Gathers a whole answer for `HTTPClient.request`.
final class ResponseCollector: HTTPSink {
  private struct State {
    var head: HTTPHead?
    var body: [UInt8] = []
    var result: Result<HTTPResponse, HTTPError>?
    var waiter: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>?
  }

  private let state = Mutex(State())

  func receive(_ head: HTTPHead) { state.withLock { $0.head = head } }

  func receive(_ bytes: UnsafeRawBufferPointer, at arrival: Instant) -> HTTPFlow {
    state.withLock { $0.body.append(contentsOf: bytes) }
    return .proceed
  }

  func finish(_ error: HTTPError?) {
    let (waiter, result) = state.withLock { state in
      let result: Result<HTTPResponse, HTTPError> =
        if let error {
          .failure(error)
        } else if let head = state.head {
          .success(HTTPResponse(head: head, body: state.body))
        } else {
          .failure(HTTPError(.protocolViolation, url: "the server", detail: "no head came"))
        }
      state.result = result
      defer { state.waiter = nil }
      return (state.waiter, result)
    }
    waiter?.resume(returning: result)
  }

  func result() async -> Result<HTTPResponse, HTTPError> {
    await withCheckedContinuation { waiter in
      let result = state.withLock { state in
        if state.result == nil { state.waiter = waiter }
        return state.result
      }
      if let result { waiter.resume(returning: result) }
    }
  }
}
