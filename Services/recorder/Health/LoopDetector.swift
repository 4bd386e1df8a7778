import Base
import Media

/// Notices that a source sends the same frames again and again: a fallback file in a loop, a
/// playout that hangs, or one sound without change. A value.
///
/// Two ways of looking, because encoded silence is a handful of frames in no fixed order, while a
/// loop is many frames in the same order:
/// - *constant*: for so long no more than `fewest` different frames came;
/// - *looping*: what came was a repetition, frame for frame, of what came one period before, and at
///   least one whole period of it.
///
/// Kept are the marks of about a quarter of the frames (those whose hash ends in two zero bits, so
/// that the same frames are marked in each round): 16 KiB for a stream, and loops of up to a minute
/// and a half of MP3 are seen. A longer one is not noticed.
struct LoopDetector: Sendable {
  enum Finding: Hashable, Sendable {
    /// The same few frames for so long.
    case constant(for: Duration)
    /// A piece of that length, repeated for so long.
    case looping(period: Duration, for: Duration)
  }

  /// A broadcast that repeats itself for less than that is only a broadcast.
  static let limit = Duration.seconds(30)
  /// A repetition with a period below is one sound.
  static let shortestPeriod = Duration.seconds(2)
  static let fewest = 8
  private static let capacity = 1024

  private struct Mark {
    var hash: UInt64
    var frame: Int64
  }

  private var frames: Int64 = 0
  private var frameDuration = Duration.zero
  private var few: [UInt64] = []
  private var constantSince: Int64 = 0

  /// A ring.
  private var marks: [Mark] = []
  /// Counts marks ever made; mark `n` stands at `n % capacity`.
  private var made = 0
  /// The mark that the newest one repeats, and since which frame that has been so.
  private var twin: Int?
  private var period: Int64 = 0
  private var repeatedSince: Int64 = 0

  mutating func note(_ hash: UInt64, lasting duration: Duration) {
    frameDuration = duration
    frames += 1
    noteConstancy(hash)
    if hash & 3 == 0 { mark(hash) }
  }

  var finding: Finding? {
    let constant = frameDuration * Int(frames - constantSince)
    if !few.isEmpty, constant >= LoopDetector.limit { return .constant(for: constant) }
    guard twin != nil, period > 0 else { return nil }
    let length = frameDuration * Int(period)
    let lasting = frameDuration * Int(frames - repeatedSince)
    guard lasting >= LoopDetector.limit, lasting >= length else { return nil }
    // The first round was no repetition yet, and lasted as long.
    return length < LoopDetector.shortestPeriod
      ? .constant(for: lasting) : .looping(period: length, for: lasting + length)
  }

  private mutating func noteConstancy(_ hash: UInt64) {
    if few.contains(hash) { return }
    if few.count < LoopDetector.fewest {
      few.append(hash)
    } else {
      few = [hash]
      constantSince = frames - 1
    }
  }

  private mutating func mark(_ hash: UInt64) {
    if let twin, let after = stored(twin + 1), after.hash == hash,
      frames - after.frame == period
    {
      self.twin = twin + 1
    } else {
      twin = newest(hash)
      period = twin.flatMap { stored($0) }.map { frames - $0.frame } ?? 0
      repeatedSince = frames
    }
    let mark = Mark(hash: hash, frame: frames)
    if marks.count < LoopDetector.capacity {
      marks.append(mark)
    } else {
      marks[made % LoopDetector.capacity] = mark
    }
    made += 1
  }

  private func stored(_ number: Int) -> Mark? {
    guard number >= 0, number < made, number >= made - marks.count else { return nil }
    return marks[number % LoopDetector.capacity]
  }

  private func newest(_ hash: UInt64) -> Int? {
    var number = made - 1
    while let mark = stored(number) {
      if mark.hash == hash { return number }
      number -= 1
    }
    return nil
  }
}
