import Base
import Glibc
import Media
import Messages

/// Derives the account of a tape again from its files alone, and says where the books differ. Reads
/// every file once; changes nothing.
struct TapeAuditor {
  typealias Kind = AuditReport.Difference.Kind

  /// A file on the tape, by its name.
  private struct File {
    var path: String
    var start: Instant
    var sequence: Int64
    var isFrames: Bool
  }

  let root: String
  let rows: any AuditRows
  /// Names and sizes only.
  var isFast = false

  /// Of [from, to), streams one after the other. Blocks for the disk.
  func run(
    node: NodeID, only: StreamID? = nil, from: Instant, to: Instant
  ) async throws -> AuditReport {
    let time = SystemTimeSource()
    let began = time.monotonic()
    var report = AuditReport(node: node, isLive: rows.isLive, isFast: isFast)
    let folders = FolderListing.names(in: root).compactMap { StreamID($0) }
      .filter { !TapeHours(root: root).all(of: $0).isEmpty }
    let streams = Set(try await rows.streams() + folders).sorted()
    for stream in streams where only == nil || stream == only {
      try await audit(stream, from, to, &report)
    }
    report.seconds = (time.monotonic() - began).inSeconds
    return report
  }

  private func audit(
    _ stream: StreamID, _ from: Instant, _ to: Instant, _ report: inout AuditReport
  ) async throws {
    var tape = AuditReport.Tape(stream: stream)
    // The books first: what is written after that is not in them and left out.
    let known = try await rows.segments(stream, from: from, to: to)
    let ledger = try await rows.ledger(stream, from: from, to: to)
    let newest = known.map(\.sequence).max() ?? -1
    let byPath = Dictionary(known.map { ($0.path, $0) }) { first, _ in first }
    var sound: [TimeSpan] = []
    var present: Set<String> = []
    func differ(_ kind: Kind, _ path: String?, _ span: TimeSpan?, _ sentence: String) {
      report.differences.append(
        AuditReport.Difference(
          kind: kind, stream: stream, path: path, start: span?.start, end: span?.end,
          sentence: sentence))
    }
    for file in files(
      of: stream, from, to,
      differ: { path in
        if rows.isLive {
          tape.inProgress += 1
        } else {
          differ(
            .extraFile, path, nil,
            "\(path) was left by a crash; the recorder's next start takes it up.")
        }
      })
    {
      present.insert(file.path)
      guard let row = byPath[file.path] else {
        if rows.isLive, file.sequence > newest {
          tape.inProgress += 1
          continue
        }
        if try await isOutside(file, stream, from, to) { continue }
        differ(.extraFile, file.path, nil, "\(file.path) is in no row.")
        if let found = try? Content(file, root, isFast: isFast), let duration = found.duration {
          sound.append(TimeSpan(start: file.start, end: file.start + duration))
        }
        continue
      }
      if row.digest == nil { tape.withoutHash += 1 }
      if let span = compare(file, row, &tape, differ) { sound.append(span) }
    }
    for row in known where !present.contains(row.path) {
      if rows.isLive, try await isGone(row, stream) { continue }
      differ(
        .missingFile, row.path, TimeSpan(start: row.start, end: row.end), "\(row.path) is gone.")
    }
    settle(ledger, known, sound, from, to, &tape, differ)
    report.tapes.append(tape)
  }

  // MARK: - One file

  private struct Content {
    var bytes: Int64
    var frames: Int64?
    var duration: Duration?
    var digest: UInt64?
    var strange: Int64 = 0

    init(_ file: File, _ root: String, isFast: Bool) throws(SystemError) {
      let path = root + "/" + file.path
      guard !isFast else {
        var status = stat()
        try Syscall.check("stat", path) { stat(path, &status) }
        bytes = Int64(status.st_size)
        return
      }
      let content = try DurableFile.read(path)
      bytes = Int64(content.count)
      digest = ByteDigest(of: content).value
      guard file.isFrames else { return }
      var scanner = FrameScanner()
      var counts = (frames: Int64(0), samples: Int64(0), bytes: Int64(0))
      var format: FrameFormat?
      scanner.feed(content)
      for isEnd in [false, true] {
        if isEnd { scanner.finish() }
        for frame in scanner.frames where format == nil || frame.format == format {
          format = frame.format
          counts.frames += 1
          counts.samples += Int64(frame.samples)
          counts.bytes += Int64(frame.length)
        }
      }
      frames = counts.frames
      duration = format?.duration(ofSamples: counts.samples) ?? .zero
      let preamble = format.flatMap { scanner.preamble(of: $0) }?.count ?? 0
      strange = bytes - counts.bytes - Int64(preamble)
    }
  }

  /// The time that the file holds.
  private func compare(
    _ file: File, _ row: AuditRow, _ tape: inout AuditReport.Tape,
    _ differ: (Kind, String?, TimeSpan?, String) -> Void
  ) -> TimeSpan? {
    let path = file.path
    let span = TimeSpan(start: row.start, end: row.end)
    let content: Content
    do throws(SystemError) {
      content = try Content(file, root, isFast: isFast)
    } catch {
      differ(.unreadable, path, span, "\(path) cannot be read: \(error).")
      return nil
    }
    tape.files += 1
    tape.bytes += content.bytes
    if content.bytes != row.bytes {
      differ(.wrongSize, path, span, "\(path) has \(content.bytes) bytes in place of \(row.bytes).")
    }
    if let frames = content.frames, frames != row.frames {
      differ(.wrongFrames, path, span, "\(path) has \(frames) frames in place of \(row.frames).")
    }
    if let duration = content.duration, duration != row.duration {
      differ(
        .wrongDuration, path, span,
        "\(path) lasts \(duration.inSeconds) s in place of \(row.duration.inSeconds) s.")
    }
    if file.start != row.start || file.sequence != row.sequence {
      differ(
        .wrongLabel, path, span,
        "\(path) is number \(row.sequence) from \(row.start) in the books.")
    }
    if let digest = content.digest, let expected = row.digest, digest != expected {
      differ(.wrongHash, path, span, "\(path) is not what was written: a bit has changed.")
    }
    if content.strange > 0 {
      differ(
        .damaged, path, span, "\(path) has \(content.strange) bytes that belong to no frame.")
    }
    return TimeSpan(start: file.start, end: file.start + (content.duration ?? row.duration))
  }

  // MARK: - The account

  private func settle(
    _ ledger: (wanted: [TimeSpan], gaps: [Gap]), _ known: [AuditRow], _ sound: [TimeSpan],
    _ from: Instant, _ to: Instant, _ tape: inout AuditReport.Tape,
    _ differ: (Kind, String?, TimeSpan?, String) -> Void
  ) {
    func within(_ spans: [TimeSpan]) -> [TimeSpan] {
      spans.compactMap { $0.clamped(from: from, to: to) }
    }
    let account = LedgerAccount(
      wanted: ledger.wanted, captured: within(sound), gaps: ledger.gaps)
    let told = LedgerAccount(
      wanted: ledger.wanted,
      captured: within(known.map { TimeSpan(start: $0.start, end: $0.end) }), gaps: ledger.gaps)
    tape.wantedUs = account.wanted.microseconds
    tape.capturedUs = account.captured.microseconds
    tape.gapUs = account.missing.microseconds
    tape.unknownUs = account.unexplained.reduce(0) { $0 + ($1.end - $1.start).microseconds }
    for gap in account.unexplained {
      differ(
        .uncovered, nil, TimeSpan(start: gap.start, end: gap.end),
        "From \(gap.start) to \(gap.end) there is no sound, and nothing tells why.")
    }
    let heard = account.spans.filter { $0.gap == nil }.map {
      TimeSpan(start: $0.start, end: $0.end)
    }
    let counted = told.spans.filter { $0.gap == nil }.map { TimeSpan(start: $0.start, end: $0.end) }
    for span in heard.subtracting(counted) where span.duration > LedgerAccount.seam {
      differ(
        .gapWithSound, nil, span, "From \(span.start) to \(span.end) the books miss what is there.")
    }
    for span in counted.subtracting(heard) where span.duration > LedgerAccount.seam {
      differ(
        .soundWithoutFile, nil, span,
        "From \(span.start) to \(span.end) the books count what is in no file.")
    }
    var last: TimeSpan?
    for span in sound.sorted(by: { $0.start < $1.start }) {
      if let last, last.end - span.start > LedgerAccount.seam {
        let both = TimeSpan(start: span.start, end: min(last.end, span.end))
        differ(
          .overlap, nil, both, "Two files hold the time from \(both.start) to \(both.end).")
      }
      if span.end > last?.end ?? .epoch { last = span }
    }
  }

  // MARK: - What is there

  /// Whole files whose time may lie in [from, to), in the order of their names; the others are told.
  private func files(
    of stream: StreamID, _ from: Instant, _ to: Instant, differ: (String) -> Void
  ) -> [File] {
    let first = stream.text + "/" + TapeHours.name(of: max(.epoch, from - .seconds(3600)))
    let last = stream.text + "/" + TapeHours.name(of: min(to, Instant(seconds: 253_000_000_000)))
    var files: [File] = []
    for folder in TapeHours(root: root).all(of: stream) where folder >= first && folder <= last {
      for name in FolderListing.names(in: root + "/" + folder) {
        let path = folder + "/" + name
        if let parsed = TapePath.parse(name) {
          if parsed.isPart || parsed.isHeld {
            differ(path)
          } else {
            files.append(
              File(path: path, start: parsed.start, sequence: parsed.sequence, isFrames: true))
          }
        } else if let parsed = MediaPath.parse(name) {
          if parsed.isPart {
            differ(path)
          } else {
            files.append(
              File(path: path, start: parsed.start, sequence: parsed.sequence, isFrames: false))
          }
        }
      }
    }
    return files.filter { $0.start < to }
  }

  /// Whether a file that begins before [from, to) is of the time before it.
  private func isOutside(
    _ file: File, _ stream: StreamID, _ from: Instant, _ to: Instant
  ) async throws -> Bool {
    guard file.start < from else { return false }
    return try await rows.segments(
      stream, from: file.start, to: file.start + .microseconds(1)
    ).contains { $0.path == file.path }
  }

  /// Whether the recorder has taken the row away since.
  private func isGone(_ row: AuditRow, _ stream: StreamID) async throws -> Bool {
    try await !rows.segments(stream, from: row.start, to: row.start + .microseconds(1))
      .contains { $0.path == row.path }
  }
}
