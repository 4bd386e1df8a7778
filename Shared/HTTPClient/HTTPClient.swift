public import Base
internal import CCurl
internal import Synchronization

/// Every HTTP request of a process: libcurl's multi interface on one thread of its own, shared by
/// all who ask. Connections are kept and used again.
///
/// `request` is for small answers, `stream` for bodies taken in pieces, `start` for whoever
/// captures hundreds of streams and wants no task for each.
public final class HTTPClient: Sendable {
  private let mailbox: Mailbox
  private let nextIdentifier = Atomic<UInt64>(1)

  /// Ends all transfers when the last reference to it goes. The filter is the client's and not a
  /// request's, because requests share connections.
  ///
  /// `gather` is for whoever has hundreds of endless answers: while all of them flow, sockets are read
  /// only so often, all in one go, because it is the waking up that costs; times of arrival are that much
  /// coarser. `certificates` is a file (PEM) that servers' certificates are checked against in place of
  /// the system's; empty: the system's.
  public init(
    maxConnectionsPerHost: Int = 0, addresses: AddressFilter = .all, gather: Duration = .zero,
    certificates: String = "",
    time: any TimeSource = SystemTimeSource()
  ) {
    _ = HTTPClient.library
    guard let multi = curl_multi_init() else { preconditionFailure("out of memory") }
    airloom_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, maxConnectionsPerHost)
    let mailbox = Mailbox(multi: multi)
    self.mailbox = mailbox
    BackgroundThread(named: "http-client") {
      TransferLoop(
        mailbox: mailbox, addresses: addresses, gather: gather, certificates: certificates,
        time: time
      ).run()
    }
    .start()
  }

  deinit { mailbox.post(.stop) }

  /// Every transfer in progress ends as cancelled; later ones too.
  public func stop() { mailbox.post(.stop) }

  /// Asks and waits for the whole answer. 400 and above is thrown as `.status`, unless the request
  /// accepts it. Ends with the task that calls it.
  public func request(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let collector = ResponseCollector()
    let transfer = start(request, into: collector)
    let result = await withTaskCancellationHandler {
      await collector.result()
    } onCancel: {
      transfer.cancel()
    }
    return try result.get()
  }

  /// Asks, waits for the head, and leaves the body to be read piece by piece. A reader that is
  /// slow slows the sender; nothing is dropped.
  public func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
    let queue = ChunkQueue()
    let transfer = start(request, into: queue)
    queue.attach(transfer)
    let result = await withTaskCancellationHandler {
      await queue.head()
    } onCancel: {
      transfer.cancel()
    }
    return HTTPStream(head: try result.get(), queue: queue, transfer: transfer)
  }

  /// The leanest way: the sink is called on the client's thread. The transfer goes on until it
  /// ends or is cancelled, whether or not its handle is kept.
  @discardableResult
  public func start(_ request: HTTPRequest, into sink: any HTTPSink) -> HTTPTransfer {
    let identifier = nextIdentifier.add(1, ordering: .relaxed).oldValue
    if !mailbox.post(.start(identifier, request, sink)) {
      sink.finish(HTTPError(.cancelled, url: request.url))
    }
    return HTTPTransfer(identifier: identifier, mailbox: mailbox)
  }

  private static let library: Void = { curl_global_init(Int(CURL_GLOBAL_ALL)) }()
}

/// The remote control of one transfer; usable from any thread, also when it has ended.
public struct HTTPTransfer: Sendable {
  let identifier: UInt64
  let mailbox: Mailbox

  /// Lets chunks come again after a sink answered `.pause`.
  public func resume() { mailbox.post(.resume(identifier)) }

  /// The sink hears `finish(.cancelled)` soon, unless it has heard of another end by then.
  public func cancel() { mailbox.post(.cancel(identifier)) }
}
