internal import Base
internal import Messages
internal import Synchronization

/// One try with everything that it needs, taken from the catalogue in the transaction that counted
/// it.
struct UploadTask: Sendable {
  let upload: Upload
  /// As it was when the try began; a person may edit it meanwhile.
  let destination: DestinationRow
  let place: UploadPlace
  /// Which try it is; 1 for the first.
  let number: Int
  let bytes: Int64
}

/// Where an upload goes to, with all that is needed to log in.
enum UploadPlace: Sendable {
  case sftp(SSHEndpoint)
  case s3(S3Endpoint)

  var kind: Destination.Kind {
    switch self {
    case .sftp: .sftp
    case .s3: .s3
    }
  }

  /// The server as people write it; for S3 with the bucket.
  var address: String {
    switch self {
    case .sftp(let endpoint): "\(endpoint.user)@\(endpoint.address)"
    case .s3(let endpoint): "\(endpoint.bucket.name) at \(endpoint.address)"
    }
  }
}

/// Watches one upload: writes the delivery's own log, passes progress on at most twice a second,
/// and says once that the bytes are there. Called on the uploader's thread.
final class UploadWatcher: Sendable {
  private let task: UploadTask
  private let log: Logger
  private let time: any TimeSource
  private let onProgress: @Sendable (DeliveryProgress) -> Void
  private let onBytesSent: @Sendable () -> Void
  private let reportedAt = Mutex<Monotonic?>(nil)

  init(
    _ task: UploadTask, log: Logger, time: any TimeSource,
    onProgress: @escaping @Sendable (DeliveryProgress) -> Void,
    onBytesSent: @escaping @Sendable () -> Void
  ) {
    self.task = task
    self.log = log
    self.time = time
    self.onProgress = onProgress
    self.onBytesSent = onBytesSent
  }

  func noteBegin() {
    log.info(
      "try begins", ("try", task.number), ("file", task.upload.source), ("bytes", task.bytes),
      ("to", task.place.address), ("folder", task.upload.folder))
  }

  func noteEnd(_ result: Result<Receipt, DeliveryError>) {
    switch result {
    case .success(let receipt):
      log.info(
        "delivered", ("as", receipt.remotePath), ("sha256", receipt.hash),
        ("hashed_by", receipt.hashMethod.rawValue), ("synced", receipt.isSynced),
        ("was_there", receipt.wasThere), ("sent_bytes", receipt.bytesSent))
    case .failure(let error):
      log.warning("try failed", ("kind", error.kind.rawValue), ("reason", error.reason))
    }
  }

  func note(_ event: UploadEvent) {
    switch event {
    case .reached(let step):
      log.info("step", ("done", step.rawValue))
      if step == .bytesSent { onBytesSent() }
    case .progress(let sent, let total):
      guard isDue(sent: sent, of: total) else { return }
      onProgress(
        DeliveryProgress(
          delivery: task.upload.delivery, sentBytes: sent, totalBytes: total))
    }
  }

  private func isDue(sent: Int64, of total: Int64) -> Bool {
    let now = time.monotonic()
    return reportedAt.withLock { last in
      if let last, now - last < .milliseconds(500), sent < total { return false }
      last = now
      return true
    }
  }
}
