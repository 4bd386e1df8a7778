internal import Base

/// Runs uploads one after another on a thread of its own, since libssh2 blocks it.
///
/// Owns nothing between two uploads: each makes and closes its own connection. An upload is stopped
/// through its interruption; the thread is free again within a moment, whatever the server does.
actor SFTPUploader {
  private let thread: DedicatedThread
  private let timeouts: SSHTimeouts

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(named name: String, timeouts: SSHTimeouts = SSHTimeouts()) {
    thread = DedicatedThread(named: name)
    self.timeouts = timeouts
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

  /// Does something else that may block (a line in a log file) where blocking is allowed.
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
