import Base
import Glibc
import Media

/// What a sequence of frames is, for telling whether a file holds exactly the frames that went in:
/// their number, their time, and a hash over all of them in order.
///
/// Of AAC only what stands behind the ADTS header counts, because containers take the header away
/// and FFmpeg writes it anew. Of Ogg the packets count, because FFmpeg makes new pages of them.
struct FrameDigest: Hashable, Sendable {
  private(set) var frames: Int64 = 0
  private(set) var samples: Int64 = 0
  private var hash: UInt64 = 0

  mutating func add(_ bytes: UnsafeRawBufferPointer, samples: Int, codec: AudioCodec) {
    if codec.isOgg {
      self.samples += Int64(samples)
      return OggPackets.forEach(in: bytes) { packet in
        frames += 1
        fold(packet)
      }
    }
    var content = bytes
    if codec == .aac, bytes.count > 9 {
      let header = bytes[1] & 1 == 0 ? 9 : 7
      content = UnsafeRawBufferPointer(rebasing: bytes[header...])
    }
    frames += 1
    self.samples += Int64(samples)
    fold(content)
  }

  /// The same in content, whatever containers say of its time: they tell Ogg's in their own ways.
  func isSameContent(as other: FrameDigest) -> Bool {
    frames == other.frames && hash == other.hash
  }

  private mutating func fold(_ content: UnsafeRawBufferPointer) {
    var pair = (hash, frameHash(content))
    hash = withUnsafeBytes(of: &pair) { frameHash($0) }
  }

  /// Of all frames in a file. Blocks.
  static func ofFile(_ path: String) throws(SystemError) -> FrameDigest {
    var digest = FrameDigest()
    try FrameFile.read(path) { frame, bytes in
      digest.add(bytes, samples: frame.samples, codec: frame.format.codec)
    }
    return digest
  }
}

/// Reads the frames of a file of any size.
enum FrameFile {
  /// `preamble`: called before the first frame of a format that needs one.
  static func read(
    _ path: String, preamble: (FrameFormat, [UInt8]) -> Void = { _, _ in },
    _ each: (FrameScanner.Frame, UnsafeRawBufferPointer) -> Void
  ) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    var scanner = FrameScanner()
    var format: FrameFormat?
    func pass(_ scanner: borrowing FrameScanner) {
      let frames = scanner.frames
      scanner.withBytes { window in
        for frame in frames {
          if frame.format != format, let bytes = scanner.preamble(of: frame.format) {
            preamble(frame.format, bytes)
          }
          format = frame.format
          each(
            frame,
            UnsafeRawBufferPointer(rebasing: window[frame.start..<frame.start + frame.length]))
        }
      }
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = try Syscall.check("read", path) { Glibc.read(descriptor, &buffer, buffer.count) }
      if count == 0 { break }
      buffer.withUnsafeBytes { scanner.feed(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      pass(scanner)
    }
    scanner.finish()
    pass(scanner)
  }
}
