import Base
import Glibc
import Media
import TestSupport
import Testing

struct NumberedFramesTests {
  static let kinds: [NumberedFrames.Kind] =
    [32, 64, 96, 128, 192, 256, 320].map { .mp3(kilobits: $0, sampleRate: 44_100) } + [
      .mp3(kilobits: 128, sampleRate: 48_000), .adts(payload: 60, sampleRate: 44_100),
      .adts(payload: 254, sampleRate: 48_000),
    ]

  static func name(_ kind: NumberedFrames.Kind) -> String {
    if case .adts = kind { "aac" } else { "mp3" }
  }

  @Test(arguments: kinds)
  func `FFmpeg decodes them without a word and the scanner counts them`(
    _ kind: NumberedFrames.Kind
  ) async throws {
    let frames = NumberedFrames(kind)
    let bytes = frames.frames(0..<300)
    let complaints = try await Samples.complaints(about: bytes, extension: Self.name(kind))
    #expect(complaints == "", "\(complaints)")
    let scanned = scan(bytes)
    #expect(scanned.frames.count == 300)
    #expect(scanned.scanner.skippedBytes == 0)
    #expect(scanned.frames.allSatisfy { $0.samples == frames.samplesPerFrame })
    #expect(NumberedReport(bytes, of: frames).isSeamless)
  }

  @Test func `Constant bitrate holds over time`() {
    let bytes = NumberedFrames(.mp3(kilobits: 128, sampleRate: 44_100)).frames(0..<3828)
    // 3,828 frames are 99.997 s.
    #expect(abs(bytes.count - 16_000 * 3828 * 1152 / 44_100) <= 1)
  }

  @Test(arguments: [
    (NumberedFrames.Kind.mp3(kilobits: 128, sampleRate: 44_100), "-write_xing 0 -f mp3"),
    (.adts(payload: 200, sampleRate: 44_100), "-f adts"),
    (.adts(payload: 200, sampleRate: 44_100), "-f mp4"),
  ])
  func `They survive FFmpeg's stream copy`(
    _ kind: NumberedFrames.Kind, _ arguments: String
  ) async throws {
    let frames = NumberedFrames(kind, tag: 9)
    let input = Samples.temporaryPath(Self.name(kind))
    let output = Samples.temporaryPath("out")
    defer {
      unlink(input)
      unlink(output)
    }
    try DurableFile.write(frames.frames(0..<500), to: input)
    let result = try await Samples.run(
      "ffmpeg -nostdin -v warning -i \(input) -c copy \(arguments) \(output)")
    #expect(result.isSuccess && result.output == "", "\(result.output)")
    let report = try NumberedReport(fileAt: output, of: frames)
    #expect(report.isSeamless && report.numbers.count == 500, "\(report)")
  }

  @Test func `The report names what is missing, repeated, out of order, damaged and foreign`() {
    let frames = NumberedFrames(tag: 1)
    var damaged = frames.frame(30)
    damaged[200] ^= 4
    var bytes = frames.frames(0..<10) + frames.frames(8..<10) + frames.frames(12..<20)
    bytes += frames.frame(21) + frames.frame(20) + damaged
    bytes += NumberedFrames(tag: 2).frame(5)
    let report = NumberedReport(bytes, of: frames)
    #expect(report.missing == [10, 11])
    #expect(report.duplicates == [8, 9])
    #expect(report.reordered == [20])
    #expect(report.corrupt == 1)
    #expect(report.foreign == 1)
    #expect(!report.isSeamless)
  }

  @Test func `Silent frames of one length are all alike`() {
    let frames = NumberedFrames(.adts(payload: 100, sampleRate: 44_100))
    #expect(frames.silentFrame(1) == frames.silentFrame(2))
    #expect(NumberedReport(frames.silentFrame(1), of: frames).numbers.isEmpty)
  }
}
