/// Whole audio frames of one format, as a segment of a tape holds them: side by side, nothing in
/// between. What containers are made of.
public struct AudioFrames: Sendable {
  public struct Frame: Hashable, Sendable {
    /// Where its bytes begin in `bytes`.
    public let start: Int
    public let length: Int
    /// Samples per channel.
    public let samples: Int
  }

  public let format: FrameFormat
  public let bytes: [UInt8]
  public let frames: ArraySlice<Frame>
  /// Samples of the whole that stand before the first of `frames`.
  public let precedingSamples: Int64

  /// The frames of a file. nil where there is none, and of an Ogg stream; bytes that belong to no frame, and frames of
  /// another format than the first, are left out.
  public init?(_ file: [UInt8]) {
    var scanner = FrameScanner()
    var format: FrameFormat?
    var frames: [Frame] = []
    func take(_ scanner: borrowing FrameScanner) {
      for frame in scanner.frames where format == nil || frame.format == format {
        format = frame.format
        frames.append(
          Frame(start: Int(frame.position), length: frame.length, samples: frame.samples))
      }
    }
    scanner.feed(file)
    take(scanner)
    scanner.finish()
    take(scanner)
    guard let format, !format.codec.isOgg else { return nil }
    self.init(format: format, bytes: file, frames: frames[...], precedingSamples: 0)
  }

  private init(
    format: FrameFormat, bytes: [UInt8], frames: ArraySlice<Frame>, precedingSamples: Int64
  ) {
    self.format = format
    self.bytes = bytes
    self.frames = frames
    self.precedingSamples = precedingSamples
  }

  /// Samples per channel in `frames`.
  public var samples: Int64 { frames.reduce(0) { $0 + Int64($1.samples) } }

  /// One of `count` pieces of nearly equal length, cut between frames; the pieces together are the
  /// whole. May be empty where there are fewer frames than pieces.
  public func piece(_ index: Int, of count: Int) -> AudioFrames {
    precondition(count > 0 && (0..<count).contains(index), "there is no such piece")
    let from = frames.startIndex + frames.count * index / count
    let to = frames.startIndex + frames.count * (index + 1) / count
    let before = frames[..<from].reduce(precedingSamples) { $0 + Int64($1.samples) }
    return AudioFrames(
      format: format, bytes: bytes, frames: frames[from..<to], precedingSamples: before)
  }
}
