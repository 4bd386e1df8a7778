internal import Base

/// A stream that is needed for a while.
struct StreamWindow: Hashable, Sendable {
  var stream: StreamID
  var start: Instant
  var end: Instant

  func overlaps(_ other: StreamWindow) -> Bool { start < other.end && other.start < end }
}

/// The windows that one recorder has, found quickly by time.
struct WindowIndex: Sendable {
  /// Windows by the hours that they touch.
  private var hours: [Int64: [StreamWindow]] = [:]
  private(set) var count = 0

  mutating func insert(_ window: StreamWindow) {
    for hour in Self.hours(of: window) { hours[hour, default: []].append(window) }
    count += 1
  }

  /// Whether the stream is needed here within the window already, so that one connection serves.
  func has(_ window: StreamWindow) -> Bool {
    Self.hours(of: window).contains { hour in
      hours[hour]?.contains { $0.stream == window.stream && $0.overlaps(window) } ?? false
    }
  }

  /// The most streams that are needed at once at some moment of the window, the window's own among
  /// them.
  func peak(with window: StreamWindow) -> Int {
    var overlapping: Set<StreamWindow> = [window]
    for hour in Self.hours(of: window) {
      for other in hours[hour] ?? [] where other.overlaps(window) { overlapping.insert(other) }
    }
    // The most are needed where one of them starts.
    let moments = Set(overlapping.map { max($0.start, window.start) })
    return moments.map { moment in
      Set(overlapping.filter { $0.start <= moment && moment < $0.end }.map(\.stream)).count
    }.max() ?? 1
  }

  private static func hours(of window: StreamWindow) -> ClosedRange<Int64> {
    let first = window.start.seconds / 3600
    return first...max(first, window.end.seconds / 3600)
  }
}
