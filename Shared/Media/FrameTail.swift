/// The hashes of the last frames of a tape, oldest first: what new frames are compared with after
/// a reconnect or a restart.
///
/// A ring, so that adding a frame costs nothing.
public struct FrameTail: Sendable {
  public let capacity: Int
  private var ring: [UInt64] = []
  private var next = 0

  /// 3,000 frames are over a minute in every format but the 8 ms frames of layer I.
  public init(capacity: Int = 3000) {
    precondition(capacity > 0)
    self.capacity = capacity
  }

  public mutating func append(_ hash: UInt64) {
    if ring.count < capacity {
      ring.append(hash)
    } else {
      ring[next] = hash
      next = next + 1 == capacity ? 0 : next + 1
    }
  }

  public mutating func removeAll() {
    ring.removeAll(keepingCapacity: true)
    next = 0
  }

  public var hashes: [UInt64] { Array(ring[next...] + ring[..<next]) }
}
