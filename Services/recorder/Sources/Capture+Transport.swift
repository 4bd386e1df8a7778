import Base
import Media
import Messages

/// The capture of an endless transport stream, over HTTP or from FFmpeg: chunks become media segments
/// of the tape, one file each.
extension Capture {
  /// A connection turned out to be a transport stream, and brings chunks.
  func place(_ chunks: [SourceReader.Chunk], arrival: MediaTimeline.Arrival?) {
    guard !chunks.isEmpty else { return }
    let arrival =
      arrival
      ?? MediaTimeline.Arrival(
        wall: environment.time.now(), monotonic: environment.time.monotonic())
    var assembler =
      transport
      ?? TransportAssembler(
        end: tapeEnd, cut: SegmentCutPolicy(interval: environment.settings.segment),
        tail: tape?.chunks ?? [])
    if let known = replayedChunks {
      replayedChunks = nil
      assembler.connected(replaying: known)
    }
    for chunk in chunks {
      assembler.take(chunk.chunk, tables: chunk.tables, arrival: arrival) { store($0) }
    }
    noteTransport(assembler)
    // A segment is on the tape when the next one begins.
    listedLatency = max(listedLatency, environment.settings.segment * 3 + .seconds(5))
  }

  /// The connection is over.
  func endTransport() {
    guard var assembler = transport else { return }
    assembler.disconnected { store($0) }
    noteTransport(assembler)
  }

  private func noteTransport(_ assembler: TransportAssembler) {
    transport = assembler
    if let end = assembler.storedEnd { listedEnd = max(listedEnd ?? end, end) }
  }

  private func store(_ output: TransportAssembler.Output) {
    switch output {
    case .cut(let position, let joins): noteCut(at: position, joins: joins)
    case .segment(let whole): store(whole)
    case .contact(let start):
      changes += book.contact(at: start)
    case .leftOut(let start, let end):
      log.warning("source left out media", ("from", start), ("to", end))
      changes.append(
        .gap(
          Gap(
            start: start, end: end, cause: .sourceStalled,
            detail: "The station sent nothing for a while and went on without closing.")))
    case .clockStepped(let change): log.warning("the system clock was set", ("by", change))
    }
  }

  private func store(_ whole: TransportAssembler.Whole) {
    let inspection = try? SegmentInspection.inspect(whole.bytes)
    let sequence = tape?.writer.nextSequence ?? 0
    let content = MediaContent(
      container: .transportStream, duration: whole.duration, codecs: inspection?.codecs ?? "",
      height: inspection?.height, initialisation: nil,
      isIndependent: inspection?.isIndependent ?? true, mediaSequence: sequence,
      discontinuity: 0, address: "")
    let segment = Segment(
      stream: stream, sequence: sequence, start: whole.start, bytes: Int64(whole.bytes.count),
      content: .media(content),
      path: MediaPath.path(
        stream, start: whole.start, sequence: sequence, mediaSequence: sequence,
        container: .transportStream), splice: whole.splice,
      digest: ByteDigest(of: whole.bytes).value)
    if whole.splice != .continuous {
      log.info("tape goes on", ("from", whole.start), ("splice", whole.splice.rawValue))
    }
    tape?.writer.reserve(before: sequence + 1)
    media.put(
      MediaStore.Held(segment: segment, bytes: whole.bytes),
      now: environment.time.monotonic())
    reporter.note(content, bytes: segment.bytes)
  }
}
