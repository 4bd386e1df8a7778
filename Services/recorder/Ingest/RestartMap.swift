/// Where each byte of a connection's sound stood on its line, between the blocks of titles: from a
/// frame's place to where somebody else could begin to read with that frame.
///
/// Shared by the reader, which notes, and the capture, which asks while the reader is at work. Not
/// `Sendable`: both belong to the capture's thread.
final class RestartMap {
  struct Point: Hashable {
    /// On the line.
    var offset: Int64
    /// Sound before the next block of titles; nil where there are none.
    var icyRest: Int?
  }

  private struct Entry {
    /// From this place in the sound on, a byte stands that much later on the line.
    var position: Int64
    var shift: Int64
  }

  /// Far more blocks of titles than lie within what waits for the disk.
  private static let limit = 1024

  /// Where on the line the next byte that is read stands.
  private(set) var offset: Int64
  private var interval = 0
  private var rest = 0
  private var position: Int64 = 0
  private var entries: [Entry] = []

  /// `offset` is where the reading begins.
  init(offset: Int64 = 0) { self.offset = offset }

  /// What the head said of titles, and how much sound there is before the first block.
  func titles(interval: Int, rest: Int) { (self.interval, self.rest) = (interval, rest) }

  /// Reading begins in the middle.
  func resume(audio rest: Int) { self.rest = rest }

  /// So many bytes of sound stand at that distance from `offset`.
  func note(_ count: Int, at distance: Int) {
    let shift = offset + Int64(distance) - position
    if entries.last?.shift != shift {
      if entries.count == RestartMap.limit { entries.removeFirst(RestartMap.limit / 2) }
      entries.append(Entry(position: position, shift: shift))
    }
    position += Int64(count)
  }

  /// So many bytes of the line have been read.
  func advance(_ count: Int) { offset += Int64(count) }

  /// Of the sound's byte at that position; nil where it is too long ago.
  func point(at position: Int64) -> Point? {
    guard let entry = entries.last(where: { $0.position <= position }) else { return nil }
    guard interval > 0 else { return Point(offset: position + entry.shift) }
    let length = Int64(interval)
    let left = ((Int64(rest) - position) % length + length) % length
    return Point(offset: position + entry.shift, icyRest: Int(left == 0 ? length : left))
  }
}
