import Base
import Glibc
import Media
import Messages

/// Frames that a capture had received and not yet placed when it died.
extension TapeReconciler {
  /// Splices them onto the tape's end as the capture would have done; nil (and the file is removed)
  /// where the tape has all of them.
  func place(
    _ path: String, _ name: TapePath.Name, after tape: [Segment], sequence: Int64,
    _ stream: StreamID
  ) throws(SystemError) -> Segment? {
    let absolute = root + "/" + path
    let content = FrameContent(try DurableFile.read(absolute))
    defer { unlink(absolute) }
    guard let format = content.format, let first = content.samplesOfFrames.first else { return nil }
    let label = label(name, absolute, format.duration(ofSamples: content.samples))
    var start = label
    var splice = tape.isEmpty ? Splice.first : .afterGap
    var rest = content
    if let end = tape.last?.end, label - end < TapeAssembler.longestOverlap {
      let policy = SplicePolicy(
        tail: tail(of: tape, format, before: end), format: format, samples: first)
      let decision = policy.decide(
        incoming: content.hashes, overlapByArrival: end - label, isFinal: true)
      if case .join(let skip, let certainty) = decision {
        rest = content.dropping(skip)
        start = end
        splice = certainty == .exact ? .exact : .ambiguous
      }
    }
    guard rest.frames > 0 else { return nil }
    let final = TapePath.path(stream, start: start, sequence: sequence, codec: format.codec)
    try Syscall.makeFolders(DurableFile.folder(of: root + "/" + final))
    try DurableFile.write(rest.bytes, to: root + "/" + final)
    return Segment(
      stream: stream, sequence: sequence, start: start, samples: rest.samples,
      frames: rest.frames, bytes: Int64(rest.bytes.count), format: format, path: final,
      splice: splice, isRecovered: true, digest: ByteDigest(of: rest.bytes).value)
  }

  private func tail(
    of tape: [Segment], _ format: FrameFormat, before end: Instant
  ) -> FrameTail {
    var tail = FrameTail()
    for segment in tape where segment.end > end - TapeAssembler.longestOverlap {
      guard let run = segment.run, run.format.isSameBroadcast(as: format),
        let hashes = try? LoadedTape.hashes(of: segment, in: root)
      else {
        tail.removeAll()
        continue
      }
      for hash in hashes { tail.append(hash) }
    }
    return tail
  }
}
