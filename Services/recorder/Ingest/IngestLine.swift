import Base
import HTTPClient
import Media

/// One line as the ingest holds it. Belongs to the ingest's thread.
///
/// What the source sends waits in `connection` (the HTTP client's thread puts it there) until it is
/// taken into the log, once in a while for all lines together. Where the log may not grow, it is left
/// there, and beyond 4 MiB the source is made to wait: nothing is ever dropped for want of room that
/// the recorder has not had.
final class IngestLine {
  let number: UInt64
  let request: [UInt8]
  let connection: CaptureConnection

  private(set) var log = LineLog()
  private(set) var head: [UInt8]?
  private(set) var bookmark: [UInt8] = []
  /// Whether everything since the last release is there.
  private(set) var isComplete = true
  private var end: [UInt8]?

  /// What the recorder has been sent; nil while no recorder has it.
  private var sent: Int64?
  private var credit: Int64 = 0
  private var isHeadSent = false
  private(set) var isEndSent = false

  init(number: UInt64, request: [UInt8], connection: CaptureConnection, credit: Int64) {
    self.number = number
    self.request = request
    self.connection = connection
    self.credit = credit
    sent = 0
  }

  var held: IngestFrame.HeldState {
    IngestFrame.HeldState(
      line: number, start: log.start, end: log.end, isComplete: isComplete, bookmark: bookmark,
      request: request)
  }

  /// Takes in what has come, as far as `room` lets the log grow. Where there is none, what the
  /// recorder has had already makes way.
  func collect(room: Int) {
    if log.count >= room {
      guard let sent, sent > log.start else { return }
      log.drop(before: min(sent, log.end - Int64(max(0, room / 2))))
      isComplete = false
    }
    let batch = connection.take()
    if let head = batch.head { self.head = IngestJSON.bytes(IngestHead(head)) }
    if let arrival = batch.arrival {
      batch.bytes.withUnsafeBytes { log.append($0, arrival: arrival) }
    }
    switch batch.end {
    case nil: break
    case .byServer: end = []
    case .byFailure(let failure): end = IngestJSON.bytes(IngestEnd(failure))
    }
  }

  /// The recorder that had it is gone.
  func orphan() {
    sent = nil
    credit = 0
  }

  /// A recorder takes it over.
  func adopt() {
    sent = log.start
    isHeadSent = false
    isEndSent = false
  }

  func allow(upTo credit: Int64) { self.credit = max(self.credit, credit) }

  func release(before offset: Int64, _ bookmark: [UInt8]) {
    guard offset >= log.start else { return }
    log.drop(before: offset)
    self.bookmark = bookmark
    isComplete = true
  }

  /// Writes what the recorder lacks, while `output` is shorter than `limit`. False where that left
  /// something over.
  func send(to output: inout IngestEncoder, limit: Int) -> Bool {
    guard var sent else { return true }
    if let head, !isHeadSent {
      output.add(.head(line: number, head: head))
      isHeadSent = true
    }
    while sent < credit,
      let piece = log.piece(at: sent, limit: min(64 << 10, Int(clamping: credit - sent)))
    {
      guard output.bytes.count < limit else {
        self.sent = sent
        return false
      }
      output.add(
        number, sent, wall: piece.arrival.wall.microseconds,
        monotonic: piece.arrival.monotonic.nanoseconds
      ) { log.copy(piece.count, at: sent, to: &$0) }
      sent += Int64(piece.count)
    }
    self.sent = sent
    if let end, sent == log.end, !isEndSent {
      output.add(.end(line: number, reason: end))
      isEndSent = true
    }
    return true
  }
}
