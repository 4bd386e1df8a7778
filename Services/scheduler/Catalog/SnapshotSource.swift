internal import Base
internal import Messages
internal import Storage

/// Everything there is to say to somebody who follows the scheduler from now on: the same messages
/// that changes are published with.
struct SnapshotSource: Sendable {
  /// Recordings that have ended are told of back to the newest so many; each costs a follower about a
  /// kilobyte of reading.
  static let newestRecordings = 5000

  /// The same for conversions.
  static let newestConversions = 5000

  let book: RecordingBook

  func messages(_ transaction: Transaction) throws -> [any DurableMessage] {
    var messages: [any DurableMessage] = []
    for stream in try StreamCatalog.all(transaction) {
      messages.append(StreamChanged(id: stream.id, stream: stream))
    }
    for holidays in try HolidayCatalog.all(transaction) {
      messages.append(HolidaysChanged(id: holidays.id, holidays: holidays))
    }
    let now = book.time.now()
    for stored in try ScheduleCatalog.all(transaction) {
      messages.append(try book.change(of: stored.definition, at: now, transaction))
    }
    for entry in try RecordingCatalog.newest(Self.newestRecordings, transaction) {
      messages.append(RecordingChanged(recording: entry.recording))
    }
    for status in try StreamCatalog.shownCaptures(at: now, transaction) {
      messages.append(StreamStatusChanged(status: status))
    }
    for (stream, locks) in Dictionary(
      grouping: try LockCatalog.all(transaction), by: \.stream
    ).sorted(by: { $0.key < $1.key }) {
      messages.append(TapeLocksChanged(stream: stream, locks: locks))
    }
    for conversion in try ConversionCatalog.newest(Self.newestConversions, transaction) {
      messages.append(ConversionChanged(id: conversion.id, conversion: conversion))
    }
    return messages
  }
}
