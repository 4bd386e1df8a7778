import Base

/// How much an ingest holds, and for how long.
struct IngestLimits: Hashable, Sendable {
  /// Bytes of one line, and of all.
  var line = 32 << 20
  var total = 256 << 20
  /// Without a recorder for so long, it ends.
  var linger = Duration.seconds(60)
  /// Without a recorder and without a line.
  var idleLinger = Duration.seconds(2)

  /// What comes is taken in and passed on so often, for all lines at once: fewer wake-ups are what
  /// makes hundreds of streams cheap.
  static let interval = Duration.milliseconds(100)
  /// What sources send is read so often, likewise.
  static let gather = Duration.milliseconds(50)
  /// The recorder hears something at least so often.
  static let beat = Duration.milliseconds(500)
  /// How far a line may be ahead of what the recorder said that it has taken.
  static let window: Int64 = 4 << 20
}

/// Decides when an ingest ends by itself. A value.
struct IngestLifePolicy {
  private let limits: IngestLimits
  private var aloneSince: Monotonic?

  init(_ limits: IngestLimits, now: Monotonic) {
    self.limits = limits
    aloneSince = now
  }

  /// Why to end, in words; nil: go on.
  mutating func ending(hasRecorder: Bool, lines: Int, isHomeThere: Bool, now: Monotonic) -> String?
  {
    if !isHomeThere { return "the home folder is gone" }
    if hasRecorder {
      aloneSince = nil
      return nil
    }
    let since = aloneSince ?? now
    aloneSince = since
    if lines == 0, now - since >= max(limits.idleLinger, .zero) { return "nobody needs it" }
    if now - since >= limits.linger { return "no recorder came back" }
    return nil
  }
}
