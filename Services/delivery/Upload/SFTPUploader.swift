internal import Base

/// Runs uploads one after another on a thread of its own, since libssh2 blocks it.
///
/// Owns nothing between two uploads: each makes and closes its own connection. An upload is stopped
/// through its interruption; the thread is free again within a moment, whatever the server does.
actor SFTPUploader: Uploader {
  private let thread: DedicatedThread
  private let timeouts: SSHTimeouts

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(named name: String, timeouts: SSHTimeouts = SSHTimeouts()) {
    thread = DedicatedThread(named: name)
    self.timeouts = timeouts
  }

  func send(
    _ task: UploadTask, interruption: Interruption,
    report: @escaping @Sendable (UploadEvent) -> Void
  ) throws(DeliveryError) -> Receipt {
    guard case .sftp(let endpoint) = task.place else {
      preconditionFailure("an SFTP uploader was given an upload to \(task.place.address)")
    }
    return try run(task.upload, to: endpoint, interruption: interruption, report: report)
  }

  /// `report` is called on the uploader's thread and must be short.
  func run(
    _ upload: Upload, to endpoint: SSHEndpoint, interruption: Interruption,
    report: @escaping @Sendable (UploadEvent) -> Void
  ) throws(DeliveryError) -> Receipt {
    try UploadAttempt(
      upload, to: endpoint, timeouts: timeouts, interruption: interruption, report: report
    ).run()
  }

  func perform(_ body: @Sendable () -> Void) { body() }

  /// Connects, logs in, writes and removes a small file: what a person wants to know before the
  /// first recording depends on it. Answers with the server's fingerprint.
  func probe(
    _ endpoint: SSHEndpoint, folder: String, makesFolders: Bool, interruption: Interruption
  ) throws(DeliveryError) {
    try DestinationProbe(endpoint, timeouts: timeouts, interruption: interruption)
      .run(folder: folder, makesFolders: makesFolders)
  }
}
