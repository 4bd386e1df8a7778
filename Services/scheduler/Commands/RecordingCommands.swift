internal import Base
internal import Messages
internal import Storage

/// What people do to single recordings.
extension CommandDesk {
  func cancel(_ command: CancelRecording, _ transaction: Transaction) throws -> String? {
    let now = time.now()
    var entry = try find(command.recording, transaction)
    let holder = entry.recording.node
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
      if let holder { $0.recorders.insert(holder) }
      $0.needsDeadline = true
    }
    return nil
  }

  func end(_ command: EndRecording, _ transaction: Transaction) throws -> String? {
    let now = time.now()
    var entry = try find(command.recording, transaction)
    guard !entry.recording.state.isFinal else {
      throw Refusal(.conflict, "This recording has ended: it is \(entry.recording.state.rawValue).")
    }
    guard now < entry.recording.paddedEnd, entry.recording.state != .finishing else {
      throw Refusal(.conflict, "This recording's time is over: its file is being made.")
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
    let holder = entry.recording.node
    signal(transaction) {
      if let holder { $0.recorders.insert(holder) }
      $0.needsDeadline = true
    }
    return nil
  }

  private func find(_ id: JobID, _ transaction: Transaction) throws -> ScheduledRecording {
    guard let entry = try RecordingCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "There is no recording '\(id)'.")
    }
    return entry
  }
}
