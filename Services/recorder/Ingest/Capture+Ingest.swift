import Base
import Media
import Messages
import Storage

/// How a capture goes on with a connection that outlived an earlier process, and leaves its own behind.
extension Capture {
  /// From the first byte of a connection.
  func beginReading() {
    transport?.connected()
    replayedChunks = nil
    map = RestartMap()
    reader = SourceReader(map: map)
    marks = LineMarks()
    backlogEnd = nil
  }

  /// Takes up the stream's held line, if there is one, and reads which of its frames the tape has.
  func findHeldLine() async {
    guard let line = environment.opener.held(stream) else { return }
    guard let bookmark = line.bookmark else {
      heldLine = (line, nil)
      return
    }
    do {
      let known = try await LoadedTape.hashes(of: stream, from: bookmark.sequence, environment)
      // Without a frame of its own on the tape it goes on from what is there, or after a gap.
      heldLine = (line, known == [] && !bookmark.joins ? nil : known)
    } catch {
      log.warning("the tape's end cannot be read", ("error", "\(error)"))
      heldLine = (line, nil)
    }
  }

  /// In place of a new connection. False where there is nothing to adopt.
  func adoptHeldLine() -> Bool {
    guard let (line, known) = heldLine else { return false }
    heldLine = nil
    let connection = makeConnection()
    guard let transfer = environment.opener.adopt(line, into: connection) else { return false }
    address = line.request.url
    policy.adopted(definition.urls.firstIndex(of: address) ?? 0)
    watch.connected(to: policy.address)
    map = RestartMap(offset: line.state.start)
    reader = SourceReader(map: map)
    if let tape, line.bookmark != nil {
      reader.begin(behind: tape.preamble, tables: tape.tables)
    }
    transport?.connected()
    replayedChunks = known
    marks = LineMarks()
    resumeAt = line.bookmark
    backlogEnd = line.state.end
    if let known {
      tape?.assembler.connected(replaying: known)
    } else {
      tape?.assembler.connected()
    }
    connection.attach(transfer)
    self.connection = connection
    // Changed while nobody was here: gone on with all the same, and then over to the new one.
    handover.isSourceChanged = line.request.isOther(
      than: SourceRequest(
        line.request.url, of: definition, connectTimeout: environment.settings.limits.connect))
    log.info(
      "connection adopted", ("url", Redactor.redact(line.request.url)),
      ("bytes", line.state.end - line.state.start), ("known", known?.count ?? 0))
    return true
  }

  /// A segment begins with this frame of the connection. It is released up to here before the frame is
  /// written, where nothing of this connection is on the tape yet; later when its row is.
  func noteCut(at position: Int64, joins: Bool) {
    guard let tape, let point = map.point(at: position) else { return }
    let bookmark = LineBookmark(
      sequence: tape.writer.nextSequence, icyRest: point.icyRest, joins: joins,
      title: reporter.current.title)
    if let mark = marks.began(LineMarks.Mark(offset: point.offset, bookmark: bookmark)) {
      connection?.release(mark)
    }
  }

  /// These rows are in the database.
  func releaseStored(_ changes: [TapeLedger.Change]) {
    let newest = changes.compactMap { change -> Int64? in
      if case .segment(let segment) = change { segment.sequence } else { nil }
    }.max()
    if let newest, let mark = marks.stored(upTo: newest) { connection?.release(mark) }
  }

  /// Returns when what a held line brought while nobody was here is stored, so that recordings that
  /// ended meanwhile have all of it.
  func catchUp(within limit: Duration) async {
    let deadline = environment.time.monotonic() + limit
    while !isSettled, environment.time.monotonic() < deadline {
      try? await Task.sleep(for: .milliseconds(5))
    }
    while let backlogEnd, map.offset < backlogEnd, connection != nil,
      environment.time.monotonic() < deadline
    {
      try? await Task.sleep(for: .milliseconds(5))
    }
    backlogEnd = nil
    closeSegment()
    collectRows()
    await writeRows()
  }

  /// As `stop`, for the end of the process: a connection that can outlive it is left behind.
  func park() async {
    connection?.letGo()
    want(false)
    await stop()
  }
}
