internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Making, changing and forgetting streams. Each returns what there is to say of it.
extension CommandDesk {
  func put(_ command: PutStream, _ transaction: Transaction) throws -> String? {
    let stream = command.stream
    try StreamValidator.check(stream)
    try checkPlacement(stream)
    let known = try StreamCatalog.find(stream.id, transaction)
    if command.mustBeNew, known != nil {
      throw Refusal(
        .conflict, "There is a stream '\(stream.id)' already: choose another id.", field: "id")
    }
    if known == stream { return nil }
    try StreamCatalog.save(stream, at: time.now(), transaction)
    try outbox.publish(StreamChanged(id: stream.id, stream: stream), in: transaction)
    let holders = try RecordingCatalog.holders(of: stream.id, transaction)
    signal(transaction) {
      $0.recorders.formUnion(holders)
      // Who may capture it, and how many, can be another answer now.
      $0.needsAssignment = true
    }
    return nil
  }

  /// Which recorders may capture it, and what of it is kept.
  private func checkPlacement(_ stream: StreamDefinition) throws(Refusal) {
    let tags = stream.tags ?? []
    guard tags.count <= 20, Set(tags).count == tags.count else {
      throw Refusal(.invalid, "Name each tag once, and at most 20 of them.", field: "tags")
    }
    for tag in tags {
      guard tag.contains(where: { !$0.isWhitespace }) else {
        throw Refusal(.invalid, "A tag is a word, not a blank.", field: "tags")
      }
      try TextRule.checkLine(tag, field: "tags", what: "A tag", mostBytes: 100)
    }
    guard stream.retention?.maximumAgeSeconds ?? 1 > 0, stream.retention?.maximumBytes ?? 1 > 0
    else {
      throw Refusal(
        .invalid, "What is kept of a tape is more than nothing; leave the bound out for all of it.",
        field: "retention")
    }
  }

  func remove(_ command: RemoveStream, _ transaction: Transaction) throws -> String? {
    guard try StreamCatalog.find(command.stream, transaction) != nil else {
      throw Refusal(.notFound, "There is no stream '\(command.stream)'.")
    }
    if let user = try StreamCatalog.user(of: command.stream, transaction) {
      throw Refusal(
        .conflict, "The schedule '\(user.name)' records this stream: remove the schedule first.")
    }
    if let open = try RecordingCatalog.unfinished(of: command.stream, transaction) {
      throw Refusal(
        .conflict,
        "'\(open.recording.title)' is still being recorded from this stream: wait for its end, or "
          + "cancel it.")
    }
    try StreamCatalog.remove(command.stream, transaction)
    try outbox.publish(StreamChanged(id: command.stream, stream: nil), in: transaction)
    return nil
  }
}
