import Base
import Media
import Subprocess
import TestSupport
import Testing

/// What is found in segments that FFmpeg made.
struct SegmentInspectionTests {
  struct Made {
    let folder: TemporaryFolder
    let segments: [[UInt8]]
    let section: [UInt8]?
  }

  static func make(_ arguments: [String], fragmented: Bool = false) async throws -> Made {
    let folder = try TemporaryFolder()
    let ending = fragmented ? "m4s" : "ts"
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        ["-nostdin", "-loglevel", "error"] + arguments + [
          "-f", "hls", "-hls_time", "2", "-hls_list_size", "0", "-hls_segment_type",
          fragmented ? "fmp4" : "mpegts", "-hls_fmp4_init_filename", "init.mp4",
          "-hls_segment_filename", folder("s%d.\(ending)"), folder("l.m3u8"),
        ]), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("ffmpeg \(run.exit): \(run.errorText)") }
    return Made(
      folder: folder,
      segments: try (0..<3).map { try DurableFile.read(folder("s\($0).\(ending)")) },
      section: fragmented ? try DurableFile.read(folder("init.mp4")) : nil)
  }

  static let picture = [
    "-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=6", "-f", "lavfi", "-i",
    "sine=frequency=440:sample_rate=48000:duration=6", "-c:v", "libx264", "-preset", "ultrafast",
    "-pix_fmt", "yuv420p", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-c:a", "aac",
  ]
  static let sound = [
    "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=6", "-c:a",
  ]

  static func isNear(_ one: Duration?, _ other: Duration, by most: Duration) -> Bool {
    guard let one else { return false }
    return one - other <= most && other - one <= most
  }

  @Test(arguments: [false, true])
  func `Picture and sound are recognised and measured`(_ fragmented: Bool) async throws {
    let made = try await Self.make(Self.picture, fragmented: fragmented)
    var end: Duration?
    for bytes in made.segments {
      let found = try SegmentInspection.inspect(bytes, initialisation: made.section)
      #expect(found.container == (fragmented ? .fragmentedMP4 : .transportStream))
      #expect(Self.isNear(found.duration, .seconds(2), by: .milliseconds(1)), "\(found)")
      #expect(found.height == 180 && found.isIndependent)
      let codecs = try #require(found.codecs).split(separator: ",")
      #expect(codecs.count == 2 && codecs[0].hasPrefix("avc1.42c0") && codecs[1] == "mp4a.40.2")
      if let end { #expect(Self.isNear(found.start, end, by: .milliseconds(1)), "\(found)") }
      end = found.start.map { $0 + .seconds(2) }
    }
  }

  @Test(arguments: [("aac", "mp4a.40.2"), ("libmp3lame", "mp4a.40.34")])
  func `Sound alone is measured by its own timestamps`(_ codec: String, _ name: String) async throws
  {
    let made = try await Self.make(Self.sound + [codec])
    let found = try SegmentInspection.inspect(made.segments[1])
    #expect(found.codecs == name && found.height == nil && found.isIndependent)
    #expect(Self.isNear(found.duration, .seconds(2), by: .milliseconds(300)), "\(found)")
  }

  @Test func `Packed audio is measured by its frames`() throws {
    let found = try SegmentInspection.inspect(ScriptedStation.packedSegment(7, seconds: 2))
    #expect(found.container == .packedAAC)
    #expect(Self.isNear(found.duration, .seconds(2), by: .milliseconds(25)), "\(found)")
  }

  @Test(arguments: [false, true])
  func `A segment that is cut off anywhere is refused or measured shorter`(
    _ fragmented: Bool
  ) async throws {
    let made = try await Self.make(Self.picture, fragmented: fragmented)
    let (whole, section) = (made.segments[1], made.section)
    await onOwnThread {
      for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 300)) {
        let found = try? SegmentInspection.inspect(
          Array(whole[..<length]), initialisation: section)
        guard let found else { continue }
        #expect((found.duration ?? .zero) < .seconds(2), "\(length) of \(whole.count)")
      }
    }
    #expect(throws: SegmentFault.self) { try SegmentInspection.inspect(Array("<html>".utf8)) }
  }

  /// Bytes changed at random: looking ends, whatever it finds.
  @Test(arguments: [false, true])
  func `Whatever stands in it, looking ends`(_ fragmented: Bool) async throws {
    let made = try await Self.make(Self.picture, fragmented: fragmented)
    let sample = Array(made.segments[0].prefix(188 * 40))
    let section = made.section
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    await onOwnThread {
      var generator = SplitMix64(seed: seed)
      for _ in 0..<400 {
        var bytes = fragmented ? made.segments[0] : sample
        var head = section
        for _ in 0..<Int.random(in: 1...60, using: &generator) {
          let reach = min(bytes.count, fragmented ? 1500 : bytes.count)
          bytes[Int.random(in: 0..<reach, using: &generator)] = .random(
            in: 0...255, using: &generator)
          if let count = head?.count {
            head?[Int.random(in: 0..<count, using: &generator)] = .random(
              in: 0...255, using: &generator)
          }
        }
        _ = try? SegmentInspection.inspect(bytes, initialisation: head)
      }
    }
  }
}
