import Media

/// The whole frames in a file's bytes, as far as they are of one format; of an Ogg stream behind its
/// header pages.
struct FrameContent {
  /// nil where there is none.
  private(set) var format: FrameFormat?
  private(set) var bytes: [UInt8] = []
  private(set) var samples: Int64 = 0
  /// Of each frame, in order.
  private(set) var hashes: [UInt64] = []
  private(set) var samplesOfFrames: [Int] = []
  private var lengths: [Int] = []
  private var preamble = 0

  var frames: Int64 { Int64(hashes.count) }

  init(_ file: [UInt8]) {
    var scanner = FrameScanner()
    scanner.feed(file)
    take(scanner)
    scanner.finish()
    take(scanner)
  }

  private mutating func take(_ scanner: borrowing FrameScanner) {
    let found = scanner.frames
    scanner.withBytes { window in
      for frame in found where format == nil || frame.format == format {
        if format == nil {
          bytes += scanner.preamble(of: frame.format) ?? []
          preamble = bytes.count
        }
        format = frame.format
        bytes.append(contentsOf: window[frame.start..<frame.start + frame.length])
        samples += Int64(frame.samples)
        hashes.append(frame.hash)
        samplesOfFrames.append(frame.samples)
        lengths.append(frame.length)
      }
    }
  }

  /// The same without its first frames; empty where that are more than there are.
  func dropping(_ count: Int) -> FrameContent {
    let count = min(count, hashes.count)
    var rest = self
    let dropped = lengths.prefix(count).reduce(0, +)
    rest.bytes.removeSubrange(preamble..<preamble + dropped)
    rest.samples -= Int64(samplesOfFrames.prefix(count).reduce(0, +))
    rest.hashes.removeFirst(count)
    rest.samplesOfFrames.removeFirst(count)
    rest.lengths.removeFirst(count)
    return rest
  }
}
