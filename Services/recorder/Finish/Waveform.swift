import Base
import Subprocess

/// A picture of the waveform, drawn of the peaks of blocks of samples. A value.
struct Waveform: Hashable, Sendable {
  static let width = 1200
  static let height = 160

  /// For each column the lowest and the highest sample, -1 … 1.
  let columns: [ClosedRange<Double>]

  /// `peaks`: what FFmpeg's `ametadata` wrote of `astats`; nil where there is no sound in it.
  init?(peaks: String) {
    var blocks: [ClosedRange<Double>] = []
    var lowest = 0.0
    for line in peaks.split(whereSeparator: \.isNewline) {
      if let value = Waveform.value(line, "lavfi.astats.Overall.Min_level=") {
        lowest = value
      } else if let value = Waveform.value(line, "lavfi.astats.Overall.Max_level=") {
        blocks.append(min(lowest, value)...max(lowest, value))
      }
    }
    guard !blocks.isEmpty else { return nil }
    columns = (0..<Waveform.width).map { column in
      let first = column * blocks.count / Waveform.width
      let last = max(first + 1, (column + 1) * blocks.count / Waveform.width)
      let part = blocks[first..<last]
      return (part.map(\.lowerBound).min() ?? 0)...(part.map(\.upperBound).max() ?? 0)
    }
  }

  private static func value(_ line: Substring, _ name: String) -> Double? {
    guard line.hasPrefix(name), let value = Double(line.dropFirst(name.count)), value.isFinite
    else { return nil }
    return min(max(value, -1), 1)
  }

  /// Red, green, blue, opacity, line by line; what is no sound can be seen through.
  var pixels: [UInt8] {
    var pixels = [UInt8](repeating: 0, count: Waveform.width * Waveform.height * 4)
    let middle = Double(Waveform.height - 1) / 2
    for (x, column) in columns.enumerated() {
      let top = Int((middle - column.upperBound * middle).rounded())
      let bottom = Int((middle - column.lowerBound * middle).rounded())
      for y in top...max(top, bottom) {
        let pixel = (y * Waveform.width + x) * 4
        pixels[pixel] = 0x2F
        pixels[pixel + 1] = 0x7D
        pixels[pixel + 2] = 0xD1
        pixels[pixel + 3] = 0xFF
      }
    }
    return pixels
  }

  /// Reads the pixels and writes a PNG.
  static func command(output: String) -> ChildCommand {
    ChildCommand.nice(
      "ffmpeg",
      [
        "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "pipe,file",
        "-f", "rawvideo", "-pixel_format", "rgba", "-video_size", "\(width)x\(height)", "-i",
        "pipe:0", "-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "file:" + output,
      ])
  }
}
