internal import Base

/// A transport stream with closed captions (CEA-608, first field) in its picture, as ATSC broadcasts
/// carry them. FFmpeg reads such captions but cannot write them, so they are put between the pictures
/// of a finished H.264 stream here.
public enum CaptionedBroadcast {
  public struct Caption: Sendable {
    /// When it appears and goes, in seconds from the start.
    public let from: Double
    public let to: Double
    /// Up to 32 characters of plain ASCII.
    public let text: String

    public init(from: Double, to: Double, text: String) {
      self.from = from
      self.to = to
      self.text = text
    }
  }

  private static let rate = 25

  public static func make(
    _ path: String, seconds: Int, captions: [Caption], in folder: TemporaryFolder
  ) async throws {
    let plain = folder("captioned-plain.h264")
    let full = folder("captioned.h264")
    // No B frames: pictures are coded in the order in which they are shown.
    try await BroadcastFile.ffmpeg([
      "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=\(rate):duration=\(seconds)", "-c:v",
      "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "\(rate)", "-x264-params", "aud=1",
      "-pix_fmt", "yuv420p", "-f", "h264", "file:" + plain,
    ])
    let pairs = schedule(captions, frames: seconds * rate)
    try DurableFile.write(insert(pairs, into: try DurableFile.read(plain)), to: full, mode: 0o644)
    try await BroadcastFile.ffmpeg([
      "-framerate", "\(rate)", "-f", "h264", "-i", "file:" + full, "-f", "lavfi", "-i",
      "sine=frequency=440:duration=\(seconds)", "-map", "0:v", "-map", "1:a", "-c:v", "copy",
      "-c:a", "mp2", "-f", "mpegts", "file:" + path,
    ])
  }

  /// Two bytes for each picture (CEA-608-E; a pop-on caption is loaded unseen, shown by EOC and taken
  /// away by EDM). Control codes are sent twice.
  private static func schedule(_ captions: [Caption], frames: Int) -> [(UInt8, UInt8)] {
    var pairs = [(UInt8, UInt8)](repeating: (0, 0), count: frames)
    func put(_ codes: [(UInt8, UInt8)], at frame: Int) {
      for (offset, code) in codes.enumerated() where pairs.indices.contains(frame + offset) {
        pairs[frame + offset] = code
      }
    }
    for caption in captions {
      var text = Array(caption.text.utf8)
      if text.count % 2 == 1 { text.append(0) }
      let letters = stride(from: 0, to: text.count, by: 2).map { (text[$0], text[$0 + 1]) }
      // RCL, ENM, PAC row 15.
      let load: [(UInt8, UInt8)] = [
        (0x14, 0x20), (0x14, 0x20), (0x14, 0x2E), (0x14, 0x2E), (0x14, 0x70), (0x14, 0x70),
      ]
      let show = Int(caption.from * Double(rate))
      put(load + letters, at: show - load.count - letters.count)
      put([(0x14, 0x2F), (0x14, 0x2F)], at: show)
      put([(0x14, 0x2C), (0x14, 0x2C)], at: Int(caption.to * Double(rate)))
    }
    return pairs
  }

  /// An SEI unit in front of each picture's first slice (Rec. ITU-T H.264 §7.4.1.2.3).
  private static func insert(_ pairs: [(UInt8, UInt8)], into stream: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var picture = 0
    var isDone = false
    for unit in units(of: stream) {
      let kind = unit.first.map { $0 & 0x1F } ?? 0
      if kind == 9 { isDone = false }
      if kind == 1 || kind == 5, !isDone {
        isDone = true
        result +=
          [0, 0, 0, 1] + captionUnit(pairs.indices.contains(picture) ? pairs[picture] : (0, 0))
        picture += 1
      }
      result += [0, 0, 0, 1] + unit
    }
    return result
  }

  /// user_data_registered_itu_t_t35 with ATSC A/53 Part 4 cc_data: one pair for each field.
  private static func captionUnit(_ pair: (UInt8, UInt8)) -> [UInt8] {
    let payload: [UInt8] =
      [0xB5, 0x00, 0x31] + Array("GA94".utf8) + [0x03, 0xC2, 0xFF]
      + [0xFC, oddParity(pair.0), oddParity(pair.1), 0xFD, 0x80, 0x80, 0xFF]
    return [0x06, 0x04, UInt8(payload.count)] + protected(payload) + [0x80]
  }

  private static func oddParity(_ byte: UInt8) -> UInt8 {
    byte.nonzeroBitCount % 2 == 0 ? byte | 0x80 : byte
  }

  /// Nothing in a unit may look like a start code.
  private static func protected(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for byte in bytes {
      if byte <= 3, result.suffix(2) == [0, 0] { result.append(3) }
      result.append(byte)
    }
    return result
  }

  /// What lies between start codes (Annex B).
  private static func units(of stream: [UInt8]) -> [ArraySlice<UInt8>] {
    var starts: [(code: Int, unit: Int)] = []
    var index = 0
    while index + 3 <= stream.count {
      if stream[index] == 0, stream[index + 1] == 0, stream[index + 2] == 1 {
        starts.append((index > 0 && stream[index - 1] == 0 ? index - 1 : index, index + 3))
        index += 3
      } else {
        index += 1
      }
    }
    return starts.indices.map { number in
      let end = number + 1 < starts.count ? starts[number + 1].code : stream.count
      return stream[starts[number].unit..<end]
    }
  }
}
