internal import Base

/// Decides when a dialled socket must be replaced by a new one.
///
/// libzmq dials again by itself after a plain loss, but not always: a connection that ended with an
/// error of the protocol (a refused key, a frame over the limit) ends the session for good, without
/// an event that says so, and a peer that fails in the handshake is dialled every 100 ms. So a
/// failed handshake parks the socket and dials with a backoff of our own, and a socket that shows
/// no sign of dialling is replaced.
struct DialSupervisor {
  enum Action: Hashable {
    case cameUp
    case wentDown
    /// Close the socket until it is due. `reason` is told to people, where there is one.
    case park(reason: String?)
  }

  /// libzmq says within milliseconds of a loss that it dials again.
  static let patienceAfterLoss = Duration.seconds(1)
  /// Longer than a connect timeout and the longest pause between two tries (5 s each).
  static let patienceWhileDialling = Duration.seconds(12)

  private(set) var isUp = false
  /// When the socket is to be replaced if nothing more is heard of it.
  private(set) var dueAt: Monotonic?
  private var failures = 0
  private let backoff = BackoffPolicy(base: .milliseconds(100), cap: .seconds(5))

  mutating func dialled(now: Monotonic) {
    isUp = false
    dueAt = now + DialSupervisor.patienceWhileDialling
  }

  mutating func handle(_ event: ConnectionEvent, now: Monotonic) -> Action? {
    switch event {
    case .dialling:
      if !isUp { dueAt = now + DialSupervisor.patienceWhileDialling }
      return nil
    case .open:
      isUp = true
      failures = 0
      dueAt = nil
      return .cameUp
    case .lost:
      dueAt = now + DialSupervisor.patienceAfterLoss
      defer { isUp = false }
      return isUp ? .wentDown : nil
    case .handshakeFailed(let failure):
      isUp = false
      failures += 1
      dueAt = now + backoff.ceiling(afterFailures: failures)
      // A peer that ends hangs up on whoever is just coming; only its repetition means something.
      return .park(reason: failure.isVague && failures < 2 ? nil : failure.reason)
    }
  }

  func isDue(now: Monotonic) -> Bool { dueAt.map { $0 <= now } ?? false }
}
