import Base
import Media
import Storage

/// A stream's tape as a capture holds it: where it ends, and the writer that adds to it.
///
/// Not `Sendable`: made on and used from the capture's thread.
final class LoadedTape {
  var assembler: TapeAssembler
  let writer: TapeWriter

  init(assembler: TapeAssembler, writer: TapeWriter) {
    self.assembler = assembler
    self.writer = writer
  }

  /// Reads where the tape ends. Where that was within the last minute, the frames there are read
  /// back, so that a new connection can be joined to them.
  static func load(
    _ stream: StreamID, _ environment: CaptureEnvironment,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> LoadedTape {
    let newest = try await environment.database.read { transaction in
      try SegmentCatalog.last(stream, count: 40, transaction)
    }
    let writer = TapeWriter(
      stream: stream, root: environment.root, nextSequence: (newest.first?.sequence ?? -1) + 1,
      disk: environment.disk, syncEvery: environment.settings.syncEvery)
    let cut = SegmentCutPolicy(interval: environment.settings.segment)
    guard let last = newest.first else {
      return LoadedTape(assembler: TapeAssembler(cut: cut), writer: writer)
    }
    var tail = FrameTail()
    let reach = environment.time.now() - TapeAssembler.longestOverlap
    let format = last.run?.format
    let useful = newest.prefix {
      $0.end > reach && format != nil && $0.run?.format == format
    }
    for segment in useful.reversed() {
      var scanner = FrameScanner()
      // A segment that cannot be read only makes the join less certain.
      guard let bytes = try? DurableFile.read(environment.root + "/" + segment.path) else {
        tail.removeAll()
        continue
      }
      scanner.feed(bytes)
      for frame in scanner.frames { tail.append(frame.hash) }
      scanner.finish()
      for frame in scanner.frames { tail.append(frame.hash) }
    }
    return LoadedTape(
      assembler: TapeAssembler(
        tail: tail, format: format, end: last.end, cut: cut), writer: writer)
  }
}
