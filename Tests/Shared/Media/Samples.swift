import Base
import Glibc
import Media
import Subprocess

/// Real media made by FFmpeg for a test, and what FFmpeg says about bytes that a test made.
enum Samples {
  struct Failure: Error { let output: String }

  /// Encodes a changing tone: no two frames are alike.
  static func encode(_ arguments: String, extension name: String) async throws -> [UInt8] {
    let path = temporaryPath(name)
    defer { unlink(path) }
    let source = "-f lavfi -i 'aevalsrc=0.3*sin(2*PI*t*(200+40*t))|0.2*sin(900*t):d=4:s=44100'"
    let result = try await run("ffmpeg -nostdin -v error -y \(source) \(arguments) \(path)")
    guard result.isSuccess else { throw Failure(output: result.output) }
    return try DurableFile.read(path)
  }

  /// What FFmpeg complains about when it decodes the bytes; empty where it is content.
  static func complaints(about bytes: [UInt8], extension name: String) async throws -> String {
    let path = temporaryPath(name)
    defer { unlink(path) }
    try DurableFile.write(bytes, to: path)
    return try await run("ffmpeg -nostdin -v warning -i \(path) -f null -").output
  }

  /// The samples per channel that FFmpeg decodes.
  static func decodedSamples(of bytes: [UInt8], extension name: String) async throws -> Int {
    let path = temporaryPath(name)
    defer { unlink(path) }
    try DurableFile.write(bytes, to: path)
    let result = try await run("ffmpeg -nostdin -v error -i \(path) -ac 1 -f s16le - | wc -c")
    guard let count = Int(result.output.filter(\.isNumber)) else {
      throw Failure(output: result.output)
    }
    return count / 2
  }

  /// A line for the shell; both its outputs. As a child of its own, since a test that blocks a
  /// thread of Swift's pool makes every other test wait.
  static func run(_ command: String) async throws -> (isSuccess: Bool, output: String) {
    let run = try await ChildProcess.run(
      ChildCommand("sh", ["-c", "(\(command)) 2>&1"]), timeout: .seconds(60))
    // FFmpeg says this of every raw stream of frames; it is no complaint.
    let lines = run.text.split(separator: "\n")
      .filter { !$0.contains("Estimating duration from bitrate") }
    return (run.exit.isSuccess, lines.joined(separator: "\n"))
  }

  static func temporaryPath(_ name: String) -> String {
    "/tmp/airloom-media-\(hexadecimal(randomBytes(6))).\(name)"
  }
}

/// All frames that a scanner finds when the bytes come in pieces of the given sizes.
func scan(
  _ bytes: [UInt8], seed: UInt64 = 1, pieces: (inout SplitMix64) -> Int = { _ in 4096 }
) -> (frames: [FrameScanner.Frame], content: [UInt8], scanner: FrameScanner) {
  var generator = SplitMix64(seed: seed)
  var scanner = FrameScanner()
  var frames: [FrameScanner.Frame] = []
  var content: [UInt8] = []
  func take() {
    scanner.withBytes { window in
      for frame in scanner.frames {
        content += window[frame.start..<frame.start + frame.length]
      }
    }
    frames += scanner.frames
  }
  var index = 0
  while index < bytes.count {
    let end = min(bytes.count, index + max(1, pieces(&generator)))
    scanner.feed(Array(bytes[index..<end]))
    take()
    index = end
  }
  scanner.finish()
  take()
  return (frames, content, scanner)
}
