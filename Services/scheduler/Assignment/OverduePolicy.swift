internal import Base
internal import Messages

/// When a recording that should have ended is given up.
///
/// What nobody has is missed as soon as its window is over. What a recorder has is that recorder's to
/// end: it may have recorded all of it while it could not be reached, and a result that comes late is
/// worth more than a verdict that comes early. Only after a long silence is it given up.
struct OverduePolicy: Sendable {
  /// How long after the window's end a recorder's word is waited for.
  var patience: Duration = .seconds(12 * 3600)

  /// When it is to be looked at next, from the earliest ends there are. `listening` is since when a
  /// recorder could have been heard: the time that the scheduler itself was down does not count.
  func deadline(planned: Instant?, held: Instant?, listening: Instant) -> Instant? {
    [planned, held.map { max($0, listening) + patience }].compactMap(\.self).min()
  }

  /// Why it is missed; nil while it is not.
  func verdict(
    on entry: ScheduledRecording, isHolderPresent: Bool, listening: Instant, at now: Instant
  ) -> String? {
    let recording = entry.recording
    switch recording.state {
    case .committed, .missed, .cancelled: return nil
    case .planned:
      guard now >= entry.details.giveUpAt ?? recording.paddedEnd else { return nil }
      if let reason = recording.reason { return reason }
      return entry.createdAt > recording.paddedStart
        ? "It was planned after its start, and no recorder had it in time."
        : "No recorder had it in time."
    case .assigned, .recording, .finishing:
      // What is made out of the tape was given out long after its end.
      guard now >= max(recording.paddedEnd, recording.updatedAt, listening) + patience else {
        return nil
      }
      let node = recording.node?.text ?? "Its recorder"
      return isHolderPresent
        ? "\(node) had it and never said what became of it."
        : "\(node) had it and was not heard from again."
    }
  }
}
