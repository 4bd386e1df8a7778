import Base
import Configuration
import HTTPClient
import Messages

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

extension SourceRouter {
  /// All of them in this process, as the settings say.
  init(
    _ settings: Settings.Recorder, client: HTTPClient, time: any TimeSource = SystemTimeSource()
  ) {
    let pages = PageSettings(settings)
    let addresses = AddressGuard(addresses: settings.isPublicOnly ? .publicInternet : .all)
    self.init(
      http: HTTPOpener(client: client),
      ffmpeg: FFmpegOpener(
        FFmpegSettings(addresses: addresses, certificates: settings.caFile), time: time),
      page: PageOpener(pages, addresses: addresses, time: time), pages: pages.pages)
  }
}

extension PageSettings {
  init(_ settings: Settings.Recorder) {
    patterns = settings.pagePatterns
    usual = ResolverTool(rawValue: settings.resolver.rawValue) ?? .ytDlp
    programs = [.ytDlp: settings.ytDlpProgram, .streamlink: settings.streamlinkProgram]
    timeout = settings.resolverTimeout
  }
}
