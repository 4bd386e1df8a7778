import Base
import Messages

/// What one capture tells the ledger: since when the stream is wanted, and why nothing comes.
/// (state, event) → changes of rows. A value.
///
/// At most one gap lasts at a time. It is opened where the sound ends and closed where it goes on, by
/// labels, so that rows and segments fit to the microsecond.
struct LedgerBook {
  typealias Change = TapeLedger.Change

  /// Sound that ended so shortly before the stream was let go of was all that had come: beside the
  /// piece that was still being made.
  static let inFlight = Duration.seconds(1)

  /// Since when somebody needs the stream; of the past while nobody does.
  private(set) var wantedAt = Instant.epoch
  private(set) var isWanted = false
  /// Why nothing comes, as the ledger was told; nil while something does.
  private(set) var outage: SourceFailure?
  /// A gap lasts, by an outage.
  private(set) var hasOpenGap = false
  /// Where the first gap of that outage begins; it may have had several causes.
  private var outageStart = Instant.epoch
  /// One may last from before: the recorder was down, the stream withheld. It ends with the first
  /// sound, or where it is known that the source is the cause.
  private var mayHaveOlderGap = false
  /// The longest piece in which the sound comes: a frame, or a page of Ogg, which lasts a second.
  private var piece = Duration.zero
  /// Where the sound ended when the present connection was begun.
  private var endBefore: Instant?
  /// Wall minus monotonic time.
  private var clockOffset: Duration?

  mutating func wanted(since: Instant) -> [Change] {
    isWanted = true
    wantedAt = since
    hasOpenGap = false
    mayHaveOlderGap = true
    outage = nil
    endBefore = nil
    piece = .zero
    return [.wanted(from: since)]
  }

  /// Sound came in pieces of at most that.
  mutating func came(_ longest: Duration) { piece = max(piece, longest) }

  /// `isListed`: a station's list was followed to its end, which lies behind the present.
  mutating func unwanted(
    at now: Instant, tapeEnd: Instant?, isListed: Bool = false
  ) -> [Change] {
    guard isWanted else { return [] }
    isWanted = false
    outage = nil
    if hasOpenGap {
      hasOpenGap = false
      return [.gapClosed(now), .unwanted(at: now)]
    }
    if mayHaveOlderGap {
      return [
        .gapClosed(now),
        .gap(
          Gap(
            start: wantedAt, end: now, cause: .sourceUnreachable,
            detail: "The connection was still being made when the stream was no longer needed.")),
        .unwanted(at: now),
      ]
    }
    // Labels are the station's there, and what it had not listed nobody could have.
    if isListed { return [.unwanted(at: min(now, max(tapeEnd ?? wantedAt, wantedAt)))] }
    guard let tapeEnd, tapeEnd >= wantedAt else { return [.unwanted(at: now)] }
    // Nobody asked for more than had come by then.
    if now - tapeEnd <= LedgerBook.inFlight + piece { return [.unwanted(at: min(now, tapeEnd))] }
    return [
      .gap(
        Gap(
          start: tapeEnd, end: now, cause: .sourceStalled,
          detail: "Nothing had come for a while when the stream was no longer needed.")),
      .unwanted(at: now),
    ]
  }

  mutating func connecting(tapeEnd: Instant?) { endBefore = tapeEnd }

  mutating func outage(
    _ failure: SourceFailure, at now: Instant, tapeEnd: Instant?
  ) -> [Change] {
    // The tape's end is where sound stops; before anything came, the moment it was wanted.
    let start = hasOpenGap ? now : max(tapeEnd ?? wantedAt, wantedAt)
    if !hasOpenGap { outageStart = start }
    outage = failure
    hasOpenGap = true
    mayHaveOlderGap = false
    return [.gapOpened(start, failure)]
  }

  /// The connection goes on where it was: nothing is missing.
  mutating func resumed() -> [Change] {
    guard hasOpenGap else { return [] }
    outage = nil
    hasOpenGap = false
    // Gaps that end before they began leave no row.
    return [.outageOver(since: outageStart, end: .epoch)]
  }

  /// Sound goes on, certainly from here.
  mutating func contact(at start: Instant) -> [Change] {
    outage = nil
    let known = endBefore
    endBefore = nil
    // What a dead process had in memory, and was entered as missing, may come again from a line: no gap
    // begins where sound is.
    if hasOpenGap {
      hasOpenGap = false
      return [.outageOver(since: min(outageStart, start), end: start)]
    }
    if mayHaveOlderGap {
      mayHaveOlderGap = false
      return [.gapClosed(start), .outageOver(since: start, end: start)]
    }
    guard let known, known >= wantedAt else { return [] }
    guard start - known > LedgerAccount.seam else { return [] }
    return [
      .gap(
        Gap(
          start: known, end: start, cause: .sourceUnreachable,
          detail: "The connection was made anew."))
    ]
  }

  /// A station's list came (again): what was said to be missing from there on is withdrawn.
  mutating func listed(from start: Instant) -> [Change] {
    outage = nil
    (hasOpenGap, mayHaveOlderGap) = (false, false)
    return [.gapsWithdrawn(from: start)]
  }

  /// What would have had the one label has the other.
  mutating func clockSet(from old: Instant, to new: Instant) -> [Change] {
    // Where nothing comes, `tick` tells of it.
    guard isWanted, !hasOpenGap else { return [] }
    return LedgerBook.step(from: old, to: new)
  }

  private static func step(from old: Instant, to new: Instant) -> [Change] {
    if new > old {
      return [
        .gap(
          Gap(
            start: old, end: new, cause: .clockSet,
            detail: "The system clock was set forward: no time passed, and nothing is missing."))
      ]
    }
    return [.unwanted(at: old), .wanted(from: new)]
  }

  /// Time passes: notices a clock that is set while nothing comes.
  mutating func tick(wall: Instant, monotonic: Monotonic) -> [Change] {
    let offset = Duration.nanoseconds(wall.microseconds * 1000 - monotonic.nanoseconds)
    defer { clockOffset = offset }
    guard let clockOffset, isWanted, hasOpenGap else { return [] }
    let step = offset - clockOffset
    guard step > .milliseconds(500) || step < .milliseconds(-500) else { return [] }
    let old = wall - step
    let again = outage ?? SourceFailure(.recorderDown, LedgerRestart.sentence)
    return [.gapClosed(old)] + LedgerBook.step(from: old, to: wall) + [.gapOpened(wall, again)]
  }
}
