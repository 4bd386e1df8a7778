import Base
import Messages
import Storage

/// What the ledger says of the time in which no recorder ran: (rows, when it last lived, now) →
/// changes. A value.
struct LedgerRestart {
  static let sentence = "The recorder was not running."

  /// One stream's rows as the dead process left them.
  struct Stream: Hashable, Sendable {
    /// Since when it was wanted, where it still was.
    var wantedSince: Instant?
    /// Since when nothing came, where a gap was open.
    var gapSince: Instant?
    /// Where its sound ends.
    var tapeEnd: Instant?
    /// When the plan wants it, with the time to connect; in any order.
    var plans: [TimeSpan]
  }

  enum Change: Hashable, Sendable {
    case closeGap(Instant)
    case closeWanted(Instant)
    case wanted(Instant, until: Instant?)
    case gap(Instant, until: Instant?)
  }

  /// Until when the dead process is known to have lived, by its own word or by what it left.
  static func lived(_ stream: Stream, aliveAt: Instant, now: Instant) -> Instant {
    let traces = [stream.tapeEnd, stream.wantedSince, stream.gapSince].compactMap(\.self)
    return min(now, max(aliveAt, traces.max() ?? aliveAt))
  }

  static func changes(_ stream: Stream, aliveAt: Instant, now: Instant) -> [Change] {
    let lived = lived(stream, aliveAt: aliveAt, now: now)
    var changes: [Change] = []
    if stream.gapSince != nil { changes.append(.closeGap(lived)) }
    if stream.wantedSince != nil { changes.append(.closeWanted(lived)) }
    if let since = stream.wantedSince, stream.gapSince == nil {
      // What was in its memory and not on disk.
      let end = max(since, stream.tapeEnd ?? since)
      if end < lived { changes.append(.gap(end, until: lived)) }
    }
    for plan in stream.plans.united() where plan.end > lived && plan.start <= now {
      let start = max(plan.start, lived)
      let isOn = plan.end > now
      changes.append(.wanted(start, until: isOn ? nil : plan.end))
      changes.append(.gap(start, until: isOn ? nil : plan.end))
    }
    return changes
  }
}
