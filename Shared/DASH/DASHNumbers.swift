public import Base

/// Counts the segments of a programme, since a manifest does not: its numbers begin anew with each
/// period, and where it names segments by their time it has none.
///
/// A segment keeps its number as long as manifests overlap, and over a restart by what the tape has;
/// after a hole the count goes on with one left out.
public struct DASHNumbers: Hashable, Sendable {
  /// What is known of a segment: name and time tell it from others.
  public struct Known: Hashable, Sendable {
    public var number: Int64
    /// `URIReference.identity` of its address.
    public var identity: String
    public var start: Instant?

    public init(number: Int64, identity: String, start: Instant?) {
      self.number = number
      self.identity = identity
      self.start = start
    }
  }

  /// Dates of the same segment differ by less.
  private static let seam = Duration.milliseconds(500)

  /// The newest list, oldest first.
  private var known: [Known]
  private var periods: [String: Int64] = [:]
  /// How often a list had nothing in common with the one before.
  public private(set) var breaks = 0

  /// - Parameter known: of the tape, where it goes on, in the order of their numbers.
  public init(known: [Known] = []) { self.known = known }

  /// The first one's number in a list of segments that follow each other.
  mutating func first(of list: [(identity: String, start: Instant?)]) -> Int64 {
    if list.isEmpty { return (known.last?.number ?? -1) + 1 }
    let anchor = anchor(list)
    if anchor == nil, !known.isEmpty { breaks += 1 }
    let first = anchor ?? known.last.map { $0.number + 2 } ?? 0
    known = list.enumerated().map {
      Known(number: first + Int64($0), identity: $1.identity, start: $1.start)
    }
    return first
  }

  private func anchor(_ list: [(identity: String, start: Instant?)]) -> Int64? {
    for (index, segment) in list.enumerated() {
      if let same = known.last(where: { Self.isSame($0, segment) }) {
        return same.number - Int64(index)
      }
    }
    return nil
  }

  private static func isSame(_ known: Known, _ segment: (identity: String, start: Instant?)) -> Bool
  {
    guard known.identity == segment.identity else { return false }
    guard let one = known.start, let other = segment.start else { return true }
    return abs((one - other).nanoseconds) < seam.nanoseconds
  }

  /// A period's place among those that were ever seen.
  mutating func place(of period: DASHPeriod) -> Int64 {
    let name = period.id ?? "at \(period.start)"
    if let place = periods[name] { return place }
    let place = (periods.values.max() ?? -1) + 1
    periods[name] = place
    return place
  }
}
