import Base
import Media
import Storage

/// A stream's tape as a capture holds it: where it ends, the writer that adds to it, and what waits
/// to be added.
///
/// Not `Sendable`: made on and used from the capture's thread.
final class LoadedTape {
  var assembler: TapeAssembler
  let writer: TapeWriter
  let waiting: WaitingFrames
  /// Hashes of its last chunks, where it ends with a transport stream.
  var chunks: [UInt64] = []
  /// The tables of that transport stream.
  var tables: [UInt8] = []
  /// The header pages that it ends with, where it ends with an Ogg stream.
  var preamble: [UInt8] = []

  init(assembler: TapeAssembler, writer: TapeWriter, waiting: WaitingFrames) {
    self.assembler = assembler
    self.writer = writer
    self.waiting = waiting
  }

  /// To be called several times a second.
  func tick(now: Monotonic) {
    writer.tick(now: now)
    waiting.tick(now: now)
    if waiting.hasPlaced, writer.isSafe { waiting.removePlaced() }
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
      stream: stream, root: environment.root,
      nextSequence: (newest.first?.sequence ?? -1) + 1 + unseen(environment.disk),
      disk: environment.disk, syncEvery: environment.settings.syncEvery,
      memory: environment.memory)
    let waiting = WaitingFrames(
      stream: stream, root: environment.root, disk: environment.disk,
      syncEvery: environment.settings.syncEvery)
    let cut = SegmentCutPolicy(interval: environment.settings.segment)
    guard let last = newest.first else {
      return LoadedTape(assembler: TapeAssembler(cut: cut), writer: writer, waiting: waiting)
    }
    var tail = FrameTail()
    let reach = environment.time.now() - TapeAssembler.longestOverlap
    let format = last.run?.format
    let useful = newest.prefix {
      $0.end > reach && $0.run.map { $0.format.isSameBroadcast(as: format) } ?? false
    }
    for segment in useful.reversed() {
      // A segment that cannot be read only makes the join less certain.
      guard let hashes = try? hashes(of: segment, in: environment.root) else {
        tail.removeAll()
        continue
      }
      for hash in hashes { tail.append(hash) }
    }
    let loaded = LoadedTape(
      assembler: TapeAssembler(tail: tail, format: format, end: last.end, cut: cut),
      writer: writer, waiting: waiting)
    if last.end > reach { loaded.readContainers(newest, environment.root) }
    return loaded
  }

  /// What else a connection that goes on needs to know of the newest segments. Blocks.
  private func readContainers(_ newest: [Segment], _ root: String) {
    guard let last = newest.first else { return }
    if last.run?.format.codec.isOgg ?? false,
      let bytes = try? DurableFile.read(root + "/" + last.path)
    {
      var scanner = FrameScanner()
      scanner.feed(bytes)
      preamble = scanner.frames.last.flatMap { scanner.preamble(of: $0.format) } ?? []
    }
    for segment in newest.prefix(8).reversed() where segment.media?.container == .transportStream {
      guard let found = try? LoadedTape.chunks(of: segment, in: root) else { continue }
      chunks += found.hashes
      tables = found.tables
    }
  }

  /// Numbers left for files on a disk that is not there yet, which are entered when it comes.
  private static func unseen(_ disk: any TapeDisk) -> Int64 { disk.isPresent ? 0 : 100_000 }

  /// The hashes of all frames, or chunks of a transport stream, that the tape holds in segments from
  /// that one on, in order: what a connection that outlived the process sends again, for
  /// `connected(replaying:)`. nil where they cannot be told, because a file is missing or is of an HLS
  /// stream.
  static func hashes(
    of stream: StreamID, from sequence: Int64, _ environment: CaptureEnvironment,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> [UInt64]? {
    let segments = try await environment.database.read { transaction in
      try SegmentCatalog.from(stream, sequence: sequence, transaction)
    }
    var all: [UInt64] = []
    for segment in segments {
      if segment.media?.container == .transportStream {
        guard let found = try? chunks(of: segment, in: environment.root) else { return nil }
        all += found.hashes
      } else {
        guard segment.run != nil, let hashes = try? hashes(of: segment, in: environment.root) else {
          return nil
        }
        all += hashes
      }
    }
    return all
  }

  /// Of every chunk of a transport stream's segment, in order, and the tables that it ends with. Blocks.
  private static func chunks(
    of segment: Segment, in root: String
  ) throws(SystemError) -> (hashes: [UInt64], tables: [UInt8]) {
    var scanner = TransportChunkScanner()
    var hashes: [UInt64] = []
    scanner.feed(try DurableFile.read(root + "/" + segment.path)) { hashes.append($0.hash) }
    scanner.finish { hashes.append($0.hash) }
    return (hashes, scanner.tables)
  }

  /// Of every frame of a segment's file, in order. Blocks.
  static func hashes(of segment: Segment, in root: String) throws(SystemError) -> [UInt64] {
    var scanner = FrameScanner()
    scanner.feed(try DurableFile.read(root + "/" + segment.path))
    let hashes = scanner.frames.map(\.hash)
    scanner.finish()
    return hashes + scanner.frames.map(\.hash)
  }
}
