internal import Base
internal import Messages
internal import Storage

/// What people do to single recordings.
extension CommandDesk {
  func cancel(_ command: CancelRecording, _ transaction: Transaction) throws -> String? {
    let now = time.now()
    var entry = try find(command.recording, transaction)
    let holders = entry.holders
    if entry.recording.state == .cancelled, !entry.isCalledOff {
      // Its schedule had cancelled it and could plan it again; now it may not.
      entry.isCalledOff = true
    } else if entry.recording.state == .cancelled {
      return "It was called off before."
    } else if !entry.cancel(byPerson: true, reason: "It was called off.", at: now) {
      throw Refusal(.conflict, "This recording has ended: it is \(entry.recording.state.rawValue).")
    }
    try book.save(entry, transaction)
    signal(transaction) {
      $0.recorders.formUnion(holders)
      $0.needsDeadline = true
    }
    return nil
  }

  func end(_ command: EndRecording, _ transaction: Transaction) throws -> String? {
    let now = time.now()
    var entry = try find(command.recording, transaction)
    let state = entry.recording.state
    guard !state.isFinal || state == .committed else {
      throw Refusal(.conflict, "This recording has ended: it is \(state.rawValue).")
    }
    if state == .committed || state == .finishing || now >= entry.recording.paddedEnd {
      return try extend(&entry, to: command.end, at: now, transaction)
    }
    // "As early as now": the command was under way for a moment.
    let end = max(command.end, now)
    guard end > entry.recording.start else {
      throw Refusal(
        .invalid, "A recording cannot end before it starts: cancel it instead.", field: "end")
    }
    guard (end - entry.recording.start) <= .seconds(ScheduleValidator.longestSeconds) else {
      throw Refusal(.invalid, "A recording lasts seven days at most.", field: "end")
    }
    // Whoever ends it now wants no more of it; an end that lies ahead keeps its padding.
    let padding = entry.recording.paddedEnd - entry.recording.end
    let paddedEnd = end <= now + .seconds(1) ? end : end + padding
    if end == entry.recording.end, paddedEnd == entry.recording.paddedEnd { return nil }
    entry.move(end: end, paddedEnd: paddedEnd, at: now)
    try book.save(entry, transaction)
    let holders = entry.holders
    signal(transaction) {
      $0.recorders.formUnion(holders)
      $0.needsDeadline = true
    }
    return nil
  }

  /// The end of what is over is moved further on: the recorder that has the tape makes the file again
  /// under a new token. Until it has, the file that there is stays what it is.
  private func extend(
    _ entry: inout ScheduledRecording, to end: Instant, at now: Instant, _ transaction: Transaction
  ) throws -> String? {
    guard end > entry.recording.end else {
      throw Refusal(
        .conflict, "This recording's time is over: its end can only be moved to a later time.",
        field: "end")
    }
    guard (end - entry.recording.start) <= .seconds(ScheduleValidator.longestSeconds) else {
      throw Refusal(.invalid, "A recording lasts seven days at most.", field: "end")
    }
    guard entry.recording.node != nil else {
      throw Refusal(.conflict, "No recorder has this recording's tape.")
    }
    let before = entry.holders
    let padding = entry.recording.paddedEnd - entry.recording.end
    entry.reopen(end: end, paddedEnd: end + padding, at: now)
    try book.save(entry, transaction)
    let holders = Set(before + entry.holders)
    signal(transaction) {
      $0.recorders.formUnion(holders)
      $0.needsDeadline = true
    }
    return "The file is made again; the one that there is stays until then."
  }

  private func find(_ id: JobID, _ transaction: Transaction) throws -> ScheduledRecording {
    guard let entry = try RecordingCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "There is no recording '\(id)'.")
    }
    return entry
  }
}
