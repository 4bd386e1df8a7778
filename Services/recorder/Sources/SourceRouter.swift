import Base
import HTTPClient
import Messages
import Synchronization

/// Opens every address with whoever reads it. Runs in the recorder or in any other process: it knows
/// nothing of tapes and databases.
struct SourceRouter: SourceOpener {
  let http: any SourceOpener
  let ffmpeg: any SourceOpener
  let page: any SourceOpener
  /// Patterns of addresses that are pages.
  let pages: [String]

  func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer {
    let route = SourceRoute(
      request.url, kind: request.kind, inputFormat: request.inputFormat, pages: pages)
    switch route {
    case .http: return http.open(request, into: connection)
    case .ffmpeg: return ffmpeg.open(request, into: connection)
    case .page: return page.open(request, into: connection)
    case .refused(let sentence):
      connection.finish(.byFailure(SourceFailure(.sourceRefused, sentence, pace: .patient)))
      return ClosedTransfer()
    }
  }
}

/// A connection that never was.
struct ClosedTransfer: SourceTransfer {
  func cancel() {}
  func resume() {}
}
