import Base
import Media
import Messages
import Storage

/// What a stream turned out to be: told by ffprobe from the tape's own file, once for each coding, and
/// kept with the stream.
extension Capture {
  /// A segment is on disk.
  func describe(_ segment: Segment) {
    let coding = Coding(segment)
    guard coding != described else { return }
    described = coding
    let root = environment.root
    let initialisation = segment.media?.initialisation.map {
      MediaPath.initialisation(stream, sha256: $0)
    }
    let demuxer = segment.run?.format.codec.demuxer ?? segment.media?.container.demuxer ?? "mp3"
    let paths = [initialisation, segment.path].compactMap(\.self).map { root + "/" + $0 }
    let rate = Int(Double(segment.bytes) * 8 / max(0.1, segment.duration.inSeconds))
    Task { [weak self] in
      // Read here, on the capture's thread, which may block for files.
      guard let bytes = await self?.bytes(paths),
        var description = await SourceProbe.shared.describe(bytes, demuxer: demuxer)
      else { return }
      description.bitsPerSecond = description.bitsPerSecond ?? rate / 1000 * 1000
      await self?.note(description)
    }
  }

  private func bytes(_ paths: [String]) -> [UInt8]? {
    try? paths.flatMap { try DurableFile.read($0) }
  }

  private func note(_ description: SourceDescription) async {
    reporter.note(source: description)
    report()
    do {
      let stream = stream
      let now = environment.time.now()
      try await environment.database.write { transaction in
        try DescriptionCatalog.put(description, of: stream, at: now, transaction)
      }
    } catch {
      log.warning("the stream's description is not kept", ("reason", "\(error)"))
    }
  }

  /// Before the first segment, what was known of the stream from before.
  func recallDescription() async {
    let stream = stream
    guard reporter.current.source == nil,
      let known = try? await environment.database.read({
        try DescriptionCatalog.find(stream, $0)
      })
    else { return }
    reporter.note(source: known)
  }

  /// What a description holds for.
  struct Coding: Hashable {
    var format: FrameFormat?
    var codecs: String?
    var height: Int?

    // Case by case: through `run` and `media` the optimiser of Swift 6.3 fails here.
    init(_ segment: Segment) {
      switch segment.content {
      case .frames(let run):
        // A new title of a chained stream is the same coding.
        format = FrameFormat(
          codec: run.format.codec, sampleRate: run.format.sampleRate,
          channels: run.format.channels)
        codecs = nil
        height = nil
      case .media(let media):
        format = nil
        codecs = media.codecs
        height = media.height
      }
    }
  }
}
