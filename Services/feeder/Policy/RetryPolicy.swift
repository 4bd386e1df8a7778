internal import Base
internal import Messages

/// Why a download failed: a closed kind, from which retry and giving up are chosen, and one sentence
/// for a person.
struct DownloadError: Error, Hashable, Sendable, CustomStringConvertible {
  enum Kind: String, Hashable, Sendable, CaseIterable {
    /// No connection, no answer, broken off.
    case line
    /// 408, 429, 5xx: the server asks to come back.
    case server
    /// 401, 403, 404, 410 and the like.
    case refused
    /// What came is no media file: a web page, nothing, a message.
    case content
    /// Fewer bytes or less time than was declared.
    case truncated
    /// The file on the server changed while it was being fetched.
    case changed
    /// Our own disk.
    case disk
    /// An address that may not be asked for, or a file larger than allowed.
    case forbidden
    /// Stopped from our side.
    case interrupted
    /// This process died in the middle of it, more than once.
    case poison
  }

  let kind: Kind
  let reason: String
  var retryAt: Instant?
  /// Of a whole file that is shorter than declared: the same twice is what the publisher serves.
  var doubtSHA256: String?

  init(_ kind: Kind, _ reason: String, retryAt: Instant? = nil, doubtSHA256: String? = nil) {
    self.kind = kind
    self.reason = reason
    self.retryAt = retryAt
    self.doubtSHA256 = doubtSHA256
  }

  var description: String { reason }
}

/// Where one episode stands, as its row keeps it.
struct EpisodeStanding: Hashable, Sendable {
  var state = EpisodeState.queued
  var attempts = 0
  var failures = 0
  var crashes = 0
  var reason: String?
  var retryAt: Instant?
}

/// Decides what becomes of an episode after each thing that happens to it. A try is counted when it
/// begins: one that takes the process down with it has been counted.
///
/// A value: no clock, no database, no log.
struct RetryPolicy: Sendable {
  enum Event: Hashable, Sendable {
    case begun
    /// The bytes are there and are being checked.
    case received
    case archived(note: String?)
    case failed(DownloadError)
    /// This process started and finds what the last one left.
    case restarted
    case asked
  }

  var backoff = BackoffPolicy(base: .seconds(30), cap: .seconds(6 * 3600))
  var tries = 8
  /// Outages of the line pass by themselves.
  var lineFactor = 4
  var crashesAllowed = 3

  func next(
    _ old: EpisodeStanding, _ event: Event, now: Instant,
    using generator: inout some RandomNumberGenerator
  ) -> EpisodeStanding {
    var new = old
    switch event {
    case .begun:
      new.state = .downloading
      new.attempts += 1
      new.crashes += 1
      new.retryAt = nil
    case .received:
      if old.state == .downloading { new.state = .validating }
    case .archived(let note):
      new = EpisodeStanding(state: .archived, attempts: old.attempts)
      new.reason = note
    case .failed(let error): return failed(old, error, now: now, using: &generator)
    case .restarted:
      guard old.state == .downloading || old.state == .validating else { return old }
      new.state = .queued
      if old.crashes >= crashesAllowed {
        new.state = .failed
        new.reason =
          "the feeder died \(old.crashes) times in a row while it fetched this: see its log, then "
          + "fetch it again"
      }
    case .asked:
      guard [.listed, .waiting, .failed].contains(old.state) else { return old }
      new = EpisodeStanding(state: .queued, attempts: old.attempts)
    }
    return new
  }

  private func failed(
    _ old: EpisodeStanding, _ error: DownloadError, now: Instant,
    using generator: inout some RandomNumberGenerator
  ) -> EpisodeStanding {
    var new = old
    new.crashes = 0
    guard error.kind != .interrupted else {
      new.state = .queued
      return new
    }
    new.failures += 1
    new.reason = error.reason
    new.state = .waiting
    let limit =
      switch error.kind {
      case .line, .server, .disk: tries * lineFactor
      case .refused, .content, .truncated, .changed: tries
      case .forbidden, .poison: 1
      case .interrupted: Int.max
      }
    guard new.failures < limit else {
      new.state = .failed
      new.retryAt = nil
      return new
    }
    // A file that changed under our hands is fetched anew at once.
    let wait =
      error.kind == .changed && new.failures == 1
      ? .zero : backoff.delay(afterFailures: new.failures, using: &generator)
    new.retryAt = max(now + wait, error.retryAt ?? now)
    return new
  }
}
