internal import Base
internal import Bus
internal import Messages

/// What becomes of the files that recorders offer for a recording.
///
/// A file counts only under the token that is the newest when it comes (`JobRecord`). One that lacks
/// something is kept while a second recorder has the same window: that one is asked for its file
/// under a new token, and the one that lacks less becomes canonical. There is one commit, whatever is
/// offered in which order.
extension ScheduledRecording {
  enum Outcome: Hashable, Sendable {
    /// This is the canonical file, from now on.
    case committed(Offer)
    /// It was accepted before; the message is a repeat.
    case repeated
    /// It is kept until the other recorder has shown its own.
    case held
    /// It may be asked for again under another token; nothing is said yet.
    case waits
    /// What was made again is no better than what is there, and that stays.
    case worse(reason: String)
    case refused(reason: String)
  }

  /// A recorder offers its file.
  mutating func take(_ offer: Offer, at now: Instant) -> Outcome {
    var job = job
    switch job.commit(token: offer.token) {
    case .repeated: return .repeated
    case .refused(let reason):
      if details.offer?.token == offer.token, !recording.state.isFinal { return .held }
      // It had the window before it fell silent, and has it still.
      return offer.node == recording.spare && !recording.state.isFinal
        ? .waits : .refused(reason: reason)
    case .accepted: break
    }
    if let earlier = details.earlier, let reason = RemakePolicy.objection(to: offer.file, earlier) {
      _ = restoreEarlier(because: reason, at: now)
      return .worse(reason: reason)
    }
    if let held = details.offer {
      return commit(held.file.lossUs <= offer.file.lossUs ? held : offer, at: now)
    }
    guard offer.file.lossUs > 0, let spare = recording.spare else {
      return commit(offer, at: now)
    }
    details.offer = offer
    // What the second one has made unasked is weighed against what the first will show.
    if offer.node != spare { assign(to: spare, spare: recording.node, at: now) }
    recording.updatedAt = now
    return .held
  }

  /// The other recorder cannot show a file, or was waited for long enough.
  mutating func commitHeld(at now: Instant) -> Outcome? {
    guard let held = details.offer, !recording.state.isFinal else { return nil }
    return commit(held, at: now)
  }

  /// The one that has it gave it up or fell silent; the second recorder takes its place.
  ///
  /// - Parameter isKept: whether the first may still come back with what it has captured.
  mutating func promoteSpare(isKept: Bool, at now: Instant) -> Bool {
    guard !recording.state.isFinal, let spare = recording.spare else { return false }
    assign(to: spare, spare: isKept ? recording.node : nil, at: now)
    return true
  }

  /// Moves the end of what is over or committed further on: it is made again, under a new token, by
  /// the recorder that made it; until then what there is stays.
  mutating func reopen(end: Instant, paddedEnd: Instant, at now: Instant) {
    guard let node = recording.node else { return }
    if recording.state == .committed, let file = recording.file, let token = canonicalToken {
      details.earlier = Earlier(
        file: file, token: token, end: recording.end, paddedEnd: recording.paddedEnd)
      canonicalToken = nil
      // A token that was accepted before can commit nothing any more.
      recording.token = max(recording.token, token)
    }
    recording.end = end
    recording.paddedEnd = paddedEnd
    details.offer = nil
    recording.state = .assigned
    assign(to: node, spare: recording.spare, at: now)
  }

  /// The file of before counts again, and the end is where it was.
  mutating func restoreEarlier(because reason: String, at now: Instant) -> Bool {
    guard let earlier = details.earlier else { return false }
    recording.state = .committed
    recording.file = earlier.file
    recording.end = earlier.end
    recording.paddedEnd = earlier.paddedEnd
    recording.reason = reason
    recording.spare = nil
    recording.conflict = nil
    recording.updatedAt = now
    canonicalToken = earlier.token
    details.earlier = nil
    details.offer = nil
    return true
  }

  private mutating func commit(_ offer: Offer, at now: Instant) -> Outcome {
    recording.state = .committed
    recording.file = offer.file
    recording.reason = nil
    recording.conflict = nil
    recording.node = offer.node
    recording.spare = nil
    recording.updatedAt = now
    canonicalToken = offer.token
    details.offer = nil
    return .committed(offer)
  }
}

/// Whether a file that was made again for a later end may take the place of the one that there is. A
/// value.
enum RemakePolicy {
  /// Cuts of the same tape differ by a frame or two.
  static let tolerance = Duration.milliseconds(200)

  /// Why it may not, in one sentence; nil where it may. What was recorded must not get less: the tape
  /// of long ago may have been removed since.
  static func objection(
    to file: FinishedFile, _ earlier: ScheduledRecording.Earlier
  ) -> String? {
    let loss = file.gaps.reduce(Duration.zero) { sum, gap in
      let end = min(gap.end, earlier.paddedEnd)
      return end > gap.start ? sum + (end - gap.start) : sum
    }
    guard loss > .microseconds(earlier.file.lossUs) + tolerance else { return nil }
    return "The end was not moved: of what is recorded the tape no longer holds everything, so the "
      + "file stays as it is."
  }
}
