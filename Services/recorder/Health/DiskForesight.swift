import Base

/// Foresees when a disk will be full: (free and written bytes, now) → rates and the time that is left.
/// A value.
///
/// A sample every half minute, for an hour. The decline is the greater of two: the median from sample
/// to sample, which a file that comes or goes at once does not move, and the mean over all, which
/// knows what comes in lumps.
struct DiskForesight: Sendable {
  private struct Sample {
    var at: Monotonic
    var free: Int64
    var written: Int64
  }

  static let spacing = Duration.seconds(30)
  /// Less is too little to tell.
  private static let fewest = 5
  private static let most = 120
  /// What lies further ahead is not foreseen.
  private static let horizon = Duration.seconds(30 * 86_400)

  private var samples: [Sample] = []

  /// `written`: bytes that tapes have grown by since the process began.
  mutating func note(free: Int64, written: Int64, now: Monotonic) {
    if let last = samples.last, now - last.at < DiskForesight.spacing { return }
    samples.append(Sample(at: now, free: free, written: written))
    if samples.count > DiskForesight.most { samples.removeFirst() }
  }

  /// How fast tapes grow; nil while it is too soon to tell.
  var tapeBytesPerSecond: Int64? {
    guard samples.count >= DiskForesight.fewest, let first = samples.first, let last = samples.last
    else { return nil }
    return Int64(Double(last.written - first.written) / (last.at - first.at).inSeconds)
  }

  /// How long the disk lasts at this rate; nil where it does not fill, or not soon.
  var remaining: Duration? {
    guard samples.count >= DiskForesight.fewest, let first = samples.first, let last = samples.last
    else { return nil }
    let slopes = zip(samples, samples.dropFirst()).map { before, after in
      Double(before.free - after.free) / (after.at - before.at).inSeconds
    }.sorted()
    let mean = Double(first.free - last.free) / (last.at - first.at).inSeconds
    let decline = max(slopes[slopes.count / 2], mean)
    guard decline > 0 else { return nil }
    let seconds = Double(max(0, last.free)) / decline
    return seconds < DiskForesight.horizon.inSeconds ? .seconds(seconds) : nil
  }
}

/// How little room there is, and what is given up for the tapes in this order: a warning, new files
/// of recordings (and the converter's and the feeder's work, by the same reserve), tape whose
/// recordings are delivered, and at last audio waits in memory. A value.
struct DiskPressure: Sendable {
  enum Level: Int, Hashable, Comparable, Sendable {
    case fine, warned
    /// Below the reserve: nothing but tapes is written.
    case spared
    /// Below half of it: delivered tape goes early.
    case emergency

    static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// Never more than this share of the disk, so that a small one can be used at all.
  static let largestShare = 0.05
  /// What was given up comes back above so much more than the threshold.
  private static let hysteresis = 1.1

  private(set) var level = Level.fine
  private let reserve: Int64

  init(reserve: Int64) { self.reserve = reserve }

  func reserve(ofDisk size: Int64) -> Int64 {
    min(reserve, Int64(Double(size) * DiskPressure.largestShare))
  }

  mutating func note(free: Int64, size: Int64) {
    let reserve = Double(reserve(ofDisk: size))
    let free = Double(free)
    func level(_ factor: Double) -> Level {
      if free < reserve * 0.5 * factor { return .emergency }
      if free < reserve * factor { return .spared }
      return free < reserve * 2 * factor ? .warned : .fine
    }
    let raw = level(1)
    self.level = raw >= self.level ? raw : max(raw, min(self.level, level(DiskPressure.hysteresis)))
  }
}
