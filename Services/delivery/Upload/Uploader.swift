internal import Base

/// Brings files to one kind of destination, one after another, on a thread of its own. What a try
/// leaves behind and how the next one finds it is each kind's own; what becomes of a failure is not:
/// `DeliveryPolicy` decides it by the kind of error alone.
protocol Uploader: Sendable {
  /// One try. `report` is called on a thread of the uploader's and must be short. Triggering the
  /// interruption ends it within a moment, whatever the server does.
  func send(
    _ task: UploadTask, interruption: Interruption,
    report: @escaping @Sendable (UploadEvent) -> Void
  ) async throws(DeliveryError) -> Receipt

  /// Does something else that may block (a line in a log file) where blocking is allowed.
  func perform(_ body: @Sendable () -> Void) async
}
