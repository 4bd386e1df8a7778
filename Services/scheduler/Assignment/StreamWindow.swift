internal import Base

/// A stream that is needed for a while.
struct StreamWindow: Hashable, Sendable {
  var stream: StreamID
  var start: Instant
  var end: Instant

  func overlaps(_ other: StreamWindow) -> Bool { start < other.end && other.start < end }

  /// Whether one connection serves both: they overlap, or one follows the other at once.
  func meets(_ other: StreamWindow) -> Bool { start <= other.end && other.start <= end }
}

/// A window that a recorder has.
struct HeldWindow: Hashable, Sendable {
  var job: JobID
  var node: NodeID
  var window: StreamWindow
  var priority = 0
  /// Whether it has begun: then only a person may take it away.
  var isFixed = false
  /// Whether the recorder is the second one that captures it.
  var isSpare = false
}

/// Windows, found quickly by time.
struct WindowIndex: Sendable {
  /// Windows by the hours that they touch.
  private var hours: [Int64: [HeldWindow]] = [:]
  private(set) var count = 0

  mutating func insert(_ held: HeldWindow) {
    for hour in Self.hours(of: held.window) { hours[hour, default: []].append(held) }
    count += 1
  }

  mutating func remove(_ held: HeldWindow) {
    var isThere = false
    for hour in Self.hours(of: held.window) {
      guard let index = hours[hour]?.firstIndex(of: held) else { continue }
      hours[hour]?.remove(at: index)
      isThere = true
    }
    if isThere { count -= 1 }
  }

  /// Whether the stream is needed here around the window already, so that one connection serves.
  func has(_ window: StreamWindow) -> Bool {
    Self.hours(of: window).contains { hour in
      hours[hour]?.contains { $0.window.stream == window.stream && $0.window.meets(window) }
        ?? false
    }
  }

  /// What overlaps a window, each once.
  func overlapping(_ window: StreamWindow) -> Set<HeldWindow> {
    var found: Set<HeldWindow> = []
    for hour in Self.hours(of: window) {
      for held in hours[hour] ?? [] where held.window.overlaps(window) { found.insert(held) }
    }
    return found
  }

  /// The most streams that are needed at once at some moment of the window, the window's own among
  /// them.
  func peak(with window: StreamWindow) -> Int {
    Self.peak(of: overlapping(window).map(\.window), within: window)
  }

  /// The most streams at once, each counted once, within a window and its own among them.
  static func peak(of windows: [StreamWindow], within window: StreamWindow) -> Int {
    var spans: [StreamID: [(start: Instant, end: Instant)]] = [:]
    for other in windows where other.stream != window.stream {
      spans[other.stream, default: []].append(
        (max(other.start, window.start), min(other.end, window.end)))
    }
    var steps: [(at: Instant, step: Int)] = []
    for list in spans.values {
      var open: (start: Instant, end: Instant)?
      for span in list.sorted(by: { $0.start < $1.start }) {
        if let last = open, span.start <= last.end {
          open?.end = max(last.end, span.end)
        } else {
          if let open { steps += [(open.start, 1), (open.end, -1)] }
          open = span
        }
      }
      if let open { steps += [(open.start, 1), (open.end, -1)] }
    }
    // What ends at an instant has made room for what starts at it.
    steps.sort { ($0.at, $0.step) < ($1.at, $1.step) }
    var (count, most) = (1, 1)
    for (_, step) in steps {
      count += step
      most = max(most, count)
    }
    return most
  }

  private static func hours(of window: StreamWindow) -> ClosedRange<Int64> {
    let first = window.start.seconds / 3600
    return first...max(first, window.end.seconds / 3600)
  }
}
