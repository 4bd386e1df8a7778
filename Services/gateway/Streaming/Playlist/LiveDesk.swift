import Base
import HTTPServer
import Storage

/// Makes live playlists: one line per stream, shared by all its players and kept on disk, so that a
/// gateway that is killed and started again goes on with the very same playlist.
///
/// Where no recorder answers the playlist stays as it was; players wait.
actor LiveDesk {
  static let longestWindow = Duration.seconds(4 * 3600)
  static let standardWindow = Duration.seconds(60)
  /// How often the tape is looked at for all players of a stream together.
  private static let freshness = Duration.milliseconds(700)
  private static let leastMemory = Duration.seconds(600)

  /// A stream's line and what is known of its players.
  private struct Desk {
    var line: LiveLine
    /// Not on disk yet.
    var unsaved: [LiveLine.Item] = []
    var readAt: Monotonic?
    /// Somebody asked then.
    var heardAt: Instant?
    var longestWindow = LiveDesk.standardWindow
    /// What lies before was looked for as far back as this.
    var searchedFrom: Instant?
  }

  private let reader: TapeReader
  private let database: Database
  private let time: any TimeSource
  private let log: Logger
  private var desks: [StreamID: Desk] = [:]
  private var underWay: [StreamID: Task<Void, any Error>] = [:]

  init(reader: TapeReader, database: Database, time: any TimeSource, log: Logger) {
    self.reader = reader
    self.database = database
    self.time = time
    self.log = log
  }

  /// nil where nothing of the stream was captured of late.
  func playlist(
    _ stream: StreamID, window: Duration, style: PlaylistStyle
  ) async throws -> [UInt8]? {
    if !isFresh(stream, window) { try await refresh(stream, window) }
    desks[stream]?.heardAt = time.now()
    guard let line = desks[stream]?.line, let end = line.end,
      time.now() - end < LiveLine.longestPause
    else { return nil }
    return line.playlist(stream, window: window, style: style)
  }

  private func isFresh(_ stream: StreamID, _ window: Duration) -> Bool {
    guard let desk = desks[stream], let readAt = desk.readAt else { return false }
    return time.monotonic() - readAt < LiveDesk.freshness && reaches(desk, window)
  }

  private func reaches(_ desk: Desk, _ window: Duration) -> Bool {
    guard let end = desk.line.end, let first = desk.line.items.first else { return true }
    let start = end - window
    return first.entry.startUs <= start.microseconds
      || desk.searchedFrom.map { $0 <= start } ?? false
  }

  /// One at a time for a stream: the others wait for it.
  private func refresh(_ stream: StreamID, _ window: Duration) async throws {
    while let task = underWay[stream] {
      try await task.value
      if isFresh(stream, window) { return }
    }
    let task = Task { try await advance(stream, window) }
    underWay[stream] = task
    defer { underWay[stream] = nil }
    try await task.value
  }

  private func advance(_ stream: StreamID, _ window: Duration) async throws {
    var desk: Desk
    if let known = desks[stream] {
      desk = known
    } else {
      desk = Desk(line: try await database.read { try LiveCatalog.load(stream, $0) })
    }
    desk.longestWindow = max(desk.longestWindow, window)
    let news = await news(of: stream, &desk.line, heardAt: desk.heardAt)
    desk.unsaved += news
    if !reaches(desk, window) {
      let past = await past(of: stream, &desk, window)
      desk.unsaved += past
    }
    let horizon = time.now() - max(LiveDesk.leastMemory, desk.longestWindow * 2)
    let isPruned = desk.line.prune(before: horizon) != nil
    if isPruned { desk.searchedFrom = nil }
    if !desk.unsaved.isEmpty || isPruned { await save(stream, &desk) }
    desk.readAt = time.monotonic()
    desk.heardAt = desks[stream]?.heardAt ?? desk.heardAt
    desks[stream] = desk
  }

  /// Adds what the tape has beyond the line's end.
  private func news(
    of stream: StreamID, _ line: inout LiveLine, heardAt: Instant?
  ) async -> [LiveLine.Item] {
    let now = time.now()
    let startsAnew =
      line.end.map { now - max($0, heardAt ?? $0) > LiveLine.longestPause } ?? false
    let from = startsAnew ? now - LiveLine.longestPause : line.end ?? now - LiveLine.longestPause
    let reading = await reader.read(
      stream, from: from - .seconds(30), to: now + .seconds(60), remembers: false)
    let merge = TapeMerge(
      reading.answers, after: startsAnew ? nil : line.items.last?.entry.segment)
    var segments = merge.segments[...]
    if line.items.isEmpty || startsAnew, let last = segments.last {
      // Players begin near the end; what lies before comes when somebody wants it.
      segments = segments.drop { $0.end < last.end - LiveDesk.standardWindow }
    }
    let edge = TapeEdge(
      now: now, gaps: reading.gaps, isAlone: reading.isAlone, patience: LiveLine.patience)
    return line.advance(Array(segments), edge: edge, startsAnew: startsAnew)
  }

  /// Puts what the window reaches back to in front.
  private func past(
    of stream: StreamID, _ desk: inout Desk, _ window: Duration
  ) async -> [LiveLine.Item] {
    guard let end = desk.line.end, let first = desk.line.items.first else { return [] }
    let from = end - window
    let reading = await reader.read(
      stream, from: from, to: first.entry.segment.start + .microseconds(1), remembers: false)
    guard !reading.isPartial else { return [] }
    desk.searchedFrom = from
    return desk.line.extend(back: TapeMerge(reading.answers).segments)
  }

  /// A full disk must not silence a stream: what could not be kept is kept next time.
  private func save(_ stream: StreamID, _ desk: inout Desk) async {
    let (items, line) = (desk.unsaved, desk.line)
    do {
      try await database.write { try LiveCatalog.store(items, of: line, stream, $0) }
      desk.unsaved = []
    } catch {
      log.warning(
        "a live playlist could not be kept; after a restart players may begin anew",
        ("stream", stream), ("reason", "\(error)"))
    }
  }
}
