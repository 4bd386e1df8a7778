import Base
import Media
import Storage

/// The rows of segments.
enum SegmentCatalog {
  /// Adds a segment; the same one again is left as it is, so that a transaction whose outcome is
  /// not known can be repeated.
  static func insert(_ segment: Segment, _ transaction: Transaction) throws(StorageError) {
    switch segment.content {
    case .frames(let run):
      try transaction.execute(
        """
        INSERT INTO segments (stream, sequence, start_us, duration_us, samples, frames, bytes,
          codec, sample_rate, channels, path, splice, is_recovered, init, digest)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """,
        segment.stream, segment.sequence, segment.start, segment.duration.microseconds,
        run.samples, run.frames, segment.bytes, run.format.codec.rawValue, run.format.sampleRate,
        run.format.channels, segment.path, segment.splice.rawValue, segment.isRecovered,
        run.format.setup == 0 ? nil : hexadecimal(run.format.setup),
        segment.digest.map { Int64(bitPattern: $0) })
    case .media(let media):
      try transaction.execute(
        """
        INSERT INTO segments (stream, sequence, start_us, duration_us, samples, frames, bytes,
          codec, sample_rate, channels, path, splice, is_recovered, container, codecs, height,
          init, is_independent, media_sequence, discontinuity, address, digest)
        VALUES (?, ?, ?, ?, 0, 0, ?, '', 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO NOTHING
        """,
        segment.stream, segment.sequence, segment.start, media.duration.microseconds,
        segment.bytes, segment.path, segment.splice.rawValue, segment.isRecovered,
        media.container.rawValue, media.codecs, media.height, media.initialisation,
        media.isIndependent, media.mediaSequence, media.discontinuity, media.address,
        segment.digest.map { Int64(bitPattern: $0) })
    }
  }

  static func remove(
    _ stream: StreamID, sequence: Int64, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "DELETE FROM segments WHERE stream = ? AND sequence = ?", stream, sequence)
  }

  /// Those that hold anything of the window, in tape order.
  static func overlapping(
    _ stream: StreamID, from start: Instant, to end: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [Segment] {
    try transaction.all(
      """
      SELECT \(columns) FROM segments
      WHERE stream = ? AND start_us < ? AND start_us > ? AND start_us + duration_us > ?
      ORDER BY sequence
      """,
      stream, end, start - longest, start, read: read)
  }

  /// The same by time, so many at most.
  static func byTime(
    _ stream: StreamID, from start: Instant, to end: Instant, limit: Int,
    _ transaction: Transaction
  ) throws(StorageError) -> [Segment] {
    try transaction.all(
      """
      SELECT \(columns) FROM segments
      WHERE stream = ? AND start_us < ? AND start_us > ? AND start_us + duration_us > ?
      ORDER BY start_us, sequence LIMIT ?
      """,
      stream, end, start - longest, start, limit, read: read)
  }

  /// Those whose files are in that folder, such as `radio/2026/11/21/19`.
  static func below(
    _ folder: String, _ transaction: Transaction
  ) throws(StorageError) -> [Segment] {
    // Found by the index of paths: `0` is the character after the slash.
    try transaction.all(
      "SELECT \(columns) FROM segments WHERE path > ? AND path < ? ORDER BY sequence",
      folder + "/", folder + "0", read: read)
  }

  /// When there is sound of [from, to), by labels: in order, those without a seam as one.
  static func spans(
    _ stream: StreamID, from start: Instant, to end: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [TimeSpan] {
    var spans: [TimeSpan] = []
    _ = try transaction.all(
      """
      SELECT start_us, start_us + duration_us FROM segments
      WHERE stream = ? AND start_us < ? AND start_us > ? AND start_us + duration_us > ?
      ORDER BY start_us
      """, stream, end, start - longest, start
    ) { (row: borrowing Row) throws(StorageError) in
      let span = TimeSpan(start: try row.instant(0), end: try row.instant(1))
      if let last = spans.last, span.start - last.end <= LedgerAccount.seam {
        spans[spans.count - 1].end = max(last.end, span.end)
      } else {
        spans.append(span)
      }
    }
    return spans
  }

  /// Where the tape's sound ends; nil where there is none.
  static func end(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> Instant? {
    try transaction.first(
      """
      SELECT start_us + duration_us FROM segments WHERE stream = ? ORDER BY sequence DESC LIMIT 1
      """, stream
    ) { (row: borrowing Row) throws(StorageError) in try row.instant(0) }
  }

  static func find(
    _ stream: StreamID, sequence: Int64, _ transaction: Transaction
  ) throws(StorageError) -> Segment? {
    try transaction.first(
      "SELECT \(columns) FROM segments WHERE stream = ? AND sequence = ?", stream, sequence,
      read: read)
  }

  /// The newest ones, the newest first.
  static func last(
    _ stream: StreamID, count: Int, _ transaction: Transaction
  ) throws(StorageError) -> [Segment] {
    try transaction.all(
      "SELECT \(columns) FROM segments WHERE stream = ? ORDER BY sequence DESC LIMIT ?", stream,
      count, read: read)
  }

  /// All from a sequence on, in tape order.
  static func from(
    _ stream: StreamID, sequence: Int64, _ transaction: Transaction
  ) throws(StorageError) -> [Segment] {
    try transaction.all(
      "SELECT \(columns) FROM segments WHERE stream = ? AND sequence >= ? ORDER BY sequence",
      stream, sequence, read: read)
  }

  static func lastSequence(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> Int64? {
    try transaction.first(
      "SELECT sequence FROM segments WHERE stream = ? ORDER BY sequence DESC LIMIT 1", stream
    ) { (row: borrowing Row) throws(StorageError) in try row.int64(0) }
  }

  /// No segment is as long; the bound lets the index do its work.
  private static let longest = Duration.seconds(3600)

  private static let columns =
    "stream, sequence, start_us, samples, frames, bytes, codec, sample_rate, channels, path, "
    + "splice, is_recovered, container, duration_us, codecs, height, init, is_independent, "
    + "media_sequence, discontinuity, address, digest"

  /// All files that rows name, relative to the tape folder: segments, and the initialisation sections
  /// that they need.
  static func files(
    _ transaction: Transaction
  ) throws(StorageError) -> (segments: [String], sections: [String]) {
    let segments = try transaction.all("SELECT path FROM segments") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    let sections = try transaction.all(
      "SELECT DISTINCT stream, init FROM segments WHERE init IS NOT NULL"
    ) { (row: borrowing Row) throws(StorageError) in
      MediaPath.initialisation(try row.identifier(0), sha256: try row.text(1))
    }
    return (segments, sections)
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> Segment {
    guard let splice = Splice(rawValue: try row.text(10)) else {
      throw StorageError(.misuse, "a segment's row holds an unknown splice")
    }
    return Segment(
      stream: try row.identifier(0), sequence: try row.int64(1), start: try row.instant(2),
      bytes: try row.int64(5), content: row.isNull(12) ? try frames(row) : try media(row),
      path: try row.text(9), splice: splice, isRecovered: try row.bool(11),
      digest: try row.optionalInt64(21).map { UInt64(bitPattern: $0) })
  }

  private static func frames(_ row: borrowing Row) throws(StorageError) -> Segment.Content {
    guard let codec = AudioCodec(rawValue: try row.text(6)) else {
      throw StorageError(.misuse, "a segment's row holds an unknown codec")
    }
    let format = FrameFormat(
      codec: codec, sampleRate: try row.int(7), channels: try row.int(8),
      setup: try row.optionalText(16).flatMap { UInt64($0, radix: 16) } ?? 0)
    return .frames(
      FrameRun(format: format, samples: try row.int64(3), frames: try row.int64(4)))
  }

  private static func hexadecimal(_ number: UInt64) -> String { String(number, radix: 16) }

  private static func media(_ row: borrowing Row) throws(StorageError) -> Segment.Content {
    guard let container = SegmentInspection.Container(rawValue: try row.text(12)) else {
      throw StorageError(.misuse, "a segment's row holds an unknown container")
    }
    return .media(
      MediaContent(
        container: container, duration: .microseconds(try row.int64(13)),
        codecs: try row.text(14), height: try row.optionalInt64(15).map { Int($0) },
        initialisation: try row.optionalText(16), isIndependent: try row.bool(17),
        mediaSequence: try row.int64(18), discontinuity: try row.int64(19),
        address: try row.text(20)))
  }
}
