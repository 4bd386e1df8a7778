internal import Base

/// Chooses what to send next: at most so many uploads at once, one at a time to each server, none
/// to a server that keeps failing except one try now and then.
///
/// A value without clock and I/O.
struct DispatchPlan: Sendable {
  struct Candidate: Hashable, Sendable {
    var delivery: DeliveryID
    /// `DestinationRow.route`; two destinations may share one.
    var server: String
  }

  let parallel: Int
  private(set) var running: [DeliveryID: String] = [:]
  private var breakers: [String: CircuitBreaker] = [:]
  private let newBreaker: CircuitBreaker

  init(parallel: Int, longestRest: Duration) {
    self.parallel = parallel
    newBreaker = CircuitBreaker(
      threshold: 3, rest: min(.seconds(10), longestRest), longestRest: longestRest)
  }

  /// Those of the candidates, in their order, that are to begin now; they count as running.
  mutating func choose(from candidates: [Candidate], at now: Instant) -> [Candidate] {
    var chosen: [Candidate] = []
    for candidate in candidates {
      guard running.count < parallel else { break }
      guard running[candidate.delivery] == nil, !running.values.contains(candidate.server),
        breakers[candidate.server, default: newBreaker].admits(at: now)
      else { continue }
      running[candidate.delivery] = candidate.server
      chosen.append(candidate)
    }
    return chosen
  }

  /// `failure` is nil where it was delivered.
  mutating func ended(_ delivery: DeliveryID, failure: DeliveryError.Kind?, at now: Instant) {
    guard let server = running.removeValue(forKey: delivery) else { return }
    var breaker = breakers[server, default: newBreaker]
    switch failure {
    // Stopped by us: nothing was learned, except that a probe has to be made again.
    case .interrupted: if breaker.state == .halfOpen { breaker.failed(at: now) }
    case .some(let kind) where kind.concernsServer: breaker.failed(at: now)
    case .some, nil: breaker.succeeded()
    }
    breakers[server] = breaker
  }

  mutating func renew(_ server: String) { breakers[server] = nil }

  /// When a server that rests may be tried again; nil where none of the candidates waits for one.
  func nextProbe(for candidates: [Candidate], after now: Instant) -> Instant? {
    candidates.compactMap { breakers[$0.server] }
      .filter { $0.state == .open && $0.retryAt > now }
      .map(\.retryAt).min()
  }
}
