import Base
import HTTPClient
import Messages

/// A page that is asked again for its stream, beside the capture that goes on.
struct PageRenewal {
  var connection: CaptureConnection
  var reader = SourceReader()
}

/// The capture of a page's stream: the page is asked first, and again before what it said expires.
extension Capture {
  /// The stream's definition as it is for the address that is captured.
  var sourceDefinition: StreamDefinition { resolved?.definition(definition) ?? definition }

  func follow(_ source: ResolvedSource) {
    playlistDepth += 1
    guard playlistDepth <= 3 else {
      return fail(
        SourceFailure(.sourceRefused, "The page leads to another page.", pace: .patient))
    }
    connection?.cancel()
    page = address
    resolved = source
    resolvedAt = environment.time.now()
    log.info(
      "page resolved", ("url", Redactor.redact(source.url)),
      ("until", source.expiresAt.map { "\($0)" } ?? "unknown"))
    connect(to: source.url)
  }

  /// The next connection begins with the page again.
  func forgetPage() {
    resolved = nil
    page = nil
    renewal?.connection.cancel()
    renewal = nil
  }

  func tickPage(_ now: Monotonic) {
    if isPreparing { perform(policy.handle(.preparing, now: now)) }
    guard renewal == nil, let page, let source = resolved, let expiry = source.expiresAt,
      hls != nil,
      environment.time.now()
        >= max(AddressExpiry.renewal(of: expiry, from: resolvedAt), renewAfter)
    else { return }
    log.info("asking the page again", ("expires", expiry))
    renewal = PageRenewal(connection: open(page, as: definition))
  }

  /// FFmpeg and resolvers answer late, within limits of their own; those of an adopted line have.
  private var isPreparing: Bool {
    guard connection != nil, !reader.hasHead, resumeAt == nil else { return false }
    let definition = sourceDefinition
    let route = SourceRoute(
      address, kind: definition.source, inputFormat: definition.inputFormat,
      pages: environment.settings.pages)
    return route == .page || route == .ffmpeg
  }

  func drainRenewal() {
    guard var renewal else { return }
    let batch = renewal.connection.take()
    if let head = batch.head { _ = renewal.reader.take(head) }
    _ = renewal.reader.take(batch.bytes, scanned: { _ in })
    self.renewal = renewal
    guard let end = batch.end else { return }
    self.renewal = nil
    renewAfter = environment.time.now() + .seconds(20)
    if case .byFailure(let failure) = end {
      // What was said before is used until it fails.
      return log.warning("page not asked again", ("reason", failure.sentence))
    }
    guard case .resolved(let source) = renewal.reader.finish(scanned: { _ in }), let hls else {
      return
    }
    resolved = source
    resolvedAt = environment.time.now()
    log.info("page resolved anew", ("url", Redactor.redact(source.url)))
    hls.move(
      to: source.url,
      fetcher: HLSFetcher(
        client: environment.client, definition: sourceDefinition,
        connectTimeout: environment.settings.limits.connect))
  }
}
