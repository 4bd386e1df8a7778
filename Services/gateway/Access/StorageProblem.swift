import HTTPServer
import Storage

/// What a person is told when the gateway's database cannot take a change: the cause and what to do,
/// instead of "something went wrong". Nothing was stored then, so trying again is safe.
extension Problem {
  /// nil for what is a fault of ours, which only the log should tell.
  init?(_ error: StorageError) {
    switch error.kind {
    case .diskFull:
      self.init(
        507, "disk_full",
        "The disk with Airloom's data is full, so nothing was stored; free some space and try again.",
        retryAfterSeconds: 10)
    case .notPermitted, .inputOutput:
      self.init(
        503, "disk_fault",
        "Airloom's data cannot be written, so nothing was stored; check its disk and try again.",
        retryAfterSeconds: 10)
    case .corrupt, .constraint, .busy, .tooNew, .misuse: return nil
    }
  }

  /// Runs a handler so that it fails with what a person can act on, where there is such a thing.
  static func telling(_ handler: () async throws -> Response) async throws -> Response {
    do {
      return try await handler()
    } catch let error as StorageError {
      throw Problem(error).map { $0 as any Error } ?? error
    }
  }
}
