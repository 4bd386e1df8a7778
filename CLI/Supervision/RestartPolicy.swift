internal import Base
internal import Service

/// Decides what follows when a service has ended by itself. A value: the caller says how long the
/// service ran, and waits.
struct RestartPolicy: Sendable {
  enum Decision: Sendable, Hashable {
    /// With a sentence to be shown, where this is news.
    case restart(after: Duration, sentence: String?)
    /// Nothing but a person can help.
    case leave(sentence: String)
  }

  /// A run of this length ends a row of failures.
  static let healthyRun = Duration.seconds(60)
  /// That many failures in a row are a crash loop, which is told once.
  static let loopLength = 5

  private let service: String
  private let backoff: BackoffPolicy
  private(set) var failures = 0

  init(service: String, first: Duration, cap: Duration) {
    self.service = service
    backoff = BackoffPolicy(base: first, cap: max(first, cap))
  }

  /// `code` is nil when a signal ended it; `how` says either in words.
  mutating func ended(
    code: ExitCode?, how: String, after run: Duration,
    using generator: inout some RandomNumberGenerator
  ) -> Decision {
    if let code, !code.isWorthRetrying {
      return .leave(
        sentence: "\(service) \(how) and is left alone, because starting it again cannot help: "
          + "its last lines say what to do; the other services go on")
    }
    failures = run >= Self.healthyRun ? 1 : failures + 1
    let wait = backoff.ceiling(afterFailures: failures) / 2
    let jitter = backoff.delay(afterFailures: failures, using: &generator) / 2
    return .restart(after: wait + jitter, sentence: sentence(how))
  }

  private func sentence(_ how: String) -> String? {
    switch failures {
    case ..<Self.loopLength: "\(service) \(how); starting it again"
    case Self.loopLength:
      "\(service) ended \(failures) times in a row, last it \(how): it is tried again at least "
        + "every \(backoff.cap), silently; the other services go on"
    default: nil
    }
  }
}
