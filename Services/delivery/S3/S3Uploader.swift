internal import Base
internal import HTTPClient

/// Brings files to buckets. Files are read and hashed on the thread that it runs on; the network has
/// the thread of an HTTP client of its own, so that one upload's slow disk holds up no other.
///
/// Owns nothing between two uploads but kept connections.
actor S3Uploader: Uploader {
  private let thread: DedicatedThread
  private let http = HTTPClient()
  private let secrets: SealingKeeper
  private let book: MultipartBook
  private let partBytes: Int64
  private let timeout: Duration
  private let time: any TimeSource

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(
    named name: String, secrets: SealingKeeper, book: MultipartBook, limits: S3Limits,
    time: any TimeSource
  ) {
    thread = DedicatedThread(named: name)
    self.secrets = secrets
    self.book = book
    self.time = time
    partBytes = limits.partBytes
    timeout = limits.timeout
  }

  func send(
    _ task: UploadTask, interruption: Interruption,
    report: @escaping @Sendable (UploadEvent) -> Void
  ) async throws(DeliveryError) -> Receipt {
    guard case .s3(let endpoint) = task.place else {
      preconditionFailure("an S3 uploader was given an upload to \(task.place.address)")
    }
    return try await run(task.upload, to: endpoint, interruption: interruption, report: report)
  }

  func run(
    _ upload: Upload, to endpoint: S3Endpoint, interruption: Interruption,
    report: @escaping @Sendable (UploadEvent) -> Void
  ) async throws(DeliveryError) -> Receipt {
    let attempt = S3UploadAttempt(
      upload: upload, client: try client(endpoint), partBytes: partBytes, book: book, time: time,
      interruption: interruption, report: report)
    return try await stoppable(by: interruption) { (_) async throws(DeliveryError) in
      try await attempt.run()
    }
  }

  /// Writes, reads and removes a small object: what a person wants to know before the first recording
  /// depends on it.
  func probe(
    _ endpoint: S3Endpoint, prefix: String, interruption: Interruption
  ) async throws(DeliveryError) {
    let probe = S3Probe(client: try client(endpoint), prefix: prefix)
    try await stoppable(by: interruption) { (_) async throws(DeliveryError) in
      try await probe.run()
    }
  }

  /// Takes away what an upload that nobody goes on with has left there.
  func cleanUp(
    _ delivery: DeliveryID, at endpoint: S3Endpoint, interruption: Interruption
  ) async throws(DeliveryError) {
    let cleanup = MultipartCleanup(client: try client(endpoint), book: book)
    try await stoppable(by: interruption) { (_) async throws(DeliveryError) in
      try await cleanup.run(delivery)
    }
  }

  func perform(_ body: @Sendable () -> Void) { body() }

  private func client(_ endpoint: S3Endpoint) throws(DeliveryError) -> S3Client {
    S3Client(
      endpoint, secret: try secrets.open(endpoint), http: http, timeout: timeout, time: time)
  }

  /// Runs the work on our thread, as a task that the interruption cancels; requests end with their
  /// task.
  private func stoppable<Value: Sendable>(
    by interruption: Interruption,
    _ work: @escaping @Sendable (isolated S3Uploader) async throws(DeliveryError) -> Value
  ) async throws(DeliveryError) -> Value {
    let task = Task { () async -> Result<Value, DeliveryError> in
      do throws(DeliveryError) {
        return .success(try await work(self))
      } catch {
        return .failure(error)
      }
    }
    interruption.onTrigger { task.cancel() }
    let result = await task.value
    interruption.onTrigger(nil)
    return try result.get()
  }
}

struct S3Limits: Hashable, Sendable {
  /// How large parts are; a file that is not larger goes in one request.
  var partBytes: Int64 = 8 << 20
  /// For connecting, and for a silence.
  var timeout = Duration.seconds(60)
}
