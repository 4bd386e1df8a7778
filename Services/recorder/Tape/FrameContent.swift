import Media

/// The whole frames in a file's bytes, as far as they are of one format.
struct FrameContent {
  /// nil where there is none.
  private(set) var format: FrameFormat?
  private(set) var bytes: [UInt8] = []
  private(set) var frames: Int64 = 0
  private(set) var samples: Int64 = 0

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
        format = frame.format
        bytes.append(contentsOf: window[frame.start..<frame.start + frame.length])
        frames += 1
        samples += Int64(frame.samples)
      }
    }
  }
}
