import Base
import Media
import TestSupport
import Testing

struct FrameScannerTests {
  static let numbered = NumberedFrames()

  struct Encoding: CustomTestStringConvertible, Sendable {
    let arguments: String
    let name: String
    let format: FrameFormat
    var testDescription: String { arguments }
  }

  static let encodings: [Encoding] = [
    Encoding(
      arguments: "-c:a libmp3lame -b:a 128k", name: "mp3",
      format: FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2)),
    Encoding(
      arguments: "-c:a libmp3lame -q:a 4 -ar 48000", name: "mp3",
      format: FrameFormat(codec: .mp3, sampleRate: 48_000, channels: 2)),
    Encoding(
      arguments: "-c:a libmp3lame -b:a 32k -ar 16000 -ac 1", name: "mp3",
      format: FrameFormat(codec: .mp3, sampleRate: 16_000, channels: 1)),
    Encoding(
      arguments: "-c:a libmp3lame -b:a 16k -ar 8000 -ac 1", name: "mp3",
      format: FrameFormat(codec: .mp3, sampleRate: 8000, channels: 1)),
    Encoding(
      arguments: "-c:a mp2 -b:a 192k", name: "mp2",
      format: FrameFormat(codec: .mp2, sampleRate: 44_100, channels: 2)),
    Encoding(
      arguments: "-c:a aac -b:a 96k -f adts", name: "aac",
      format: FrameFormat(codec: .aac, sampleRate: 44_100, channels: 2)),
    Encoding(
      arguments: "-c:a aac -b:a 32k -ar 22050 -ac 1 -f adts", name: "aac",
      format: FrameFormat(codec: .aac, sampleRate: 22_050, channels: 1)),
  ]

  @Test(arguments: encodings)
  func `Every byte of a file from FFmpeg is a frame or a tag, however it is cut up`(
    _ encoding: Encoding
  ) async throws {
    let bytes = try await Samples.encode(encoding.arguments, extension: encoding.name)
    let whole = scan(bytes, pieces: { _ in bytes.count })
    #expect(whole.scanner.skippedBytes == 0)
    #expect(Int64(whole.content.count) + whole.scanner.tagBytes == Int64(bytes.count))
    #expect(whole.frames.allSatisfy { $0.format == encoding.format })
    for seed in UInt64(1)...3 {
      let cut = scan(bytes, seed: seed) { Int.random(in: 1...700, using: &$0) }
      #expect(cut.frames.map(\.hash) == whole.frames.map(\.hash))
      #expect(cut.frames.map(\.position) == whole.frames.map(\.position))
      #expect(cut.content == whole.content)
    }
    let bytewise = scan(Array(bytes.prefix(9000)), pieces: { _ in 1 })
    #expect(bytewise.frames.map(\.hash) == whole.frames.prefix(bytewise.frames.count).map(\.hash))
  }

  @Test(arguments: encodings)
  func `The samples counted are the samples that FFmpeg decodes, but for its priming`(
    _ encoding: Encoding
  ) async throws {
    let arguments = encoding.arguments + (encoding.name == "mp3" ? " -write_xing 0" : "")
    let bytes = try await Samples.encode(arguments, extension: encoding.name)
    let counted = scan(bytes).frames.reduce(0) { $0 + $1.samples }
    let decoded = try await Samples.decodedSamples(of: bytes, extension: encoding.name)
    #expect(abs(counted - decoded) <= 1152)
  }

  @Test func `Garbage between frames is counted and costs no whole frame`() {
    for seed in UInt64(1)...30 {
      var generator = SplitMix64(seed: seed)
      var bytes: [UInt8] = []
      var garbage = 0
      var number: UInt64 = 0
      for _ in 0..<6 {
        // Every other byte is 0xFF, so that half sync words are common; no header is complete.
        let noise = (0..<Int.random(in: 1...1500, using: &generator) * 2).map { index in
          index % 2 == 0 ? UInt8(0xFF) : UInt8.random(in: 0..<0xE0, using: &generator)
        }
        bytes += noise
        garbage += noise.count
        let run = UInt64.random(in: 4...40, using: &generator)
        bytes += Self.numbered.frames(number..<number + run)
        number += run
      }
      let result = scan(bytes, seed: seed) { Int.random(in: 1...2000, using: &$0) }
      let report = NumberedReport(result.content, of: Self.numbered)
      #expect(report.numbers.count == Int(number), "seed \(seed): \(report)")
      #expect(report.isSeamless, "seed \(seed): \(report)")
      #expect(result.scanner.skippedBytes == Int64(garbage))
      #expect(
        result.scanner.skippedBytes + Int64(result.content.count) == Int64(bytes.count))
    }
  }

  @Test(arguments: [1, 3, 4, 100, 416])
  func `A frame that lost bytes is left out and its neighbours are kept`(_ kept: Int) {
    let frames = Self.numbered
    let bytes = frames.frames(0..<10) + frames.frame(10).prefix(kept) + frames.frames(11..<20)
    let report = NumberedReport(scan(bytes).content, of: frames)
    #expect(report.missing == [10], "\(kept) bytes kept: \(report)")
    #expect(report.corrupt == 0)
    #expect(report.numbers.last == 19)
  }

  @Test func `A stream cut off anywhere gives its whole frames and nothing of the torn one`() {
    let bytes = Self.numbered.frames(0..<12)
    let ends = scan(bytes).frames.map { Int($0.position) + $0.length }
    for count in stride(from: 1, through: bytes.count, by: 7) {
      let result = scan(Array(bytes.prefix(count)), pieces: { _ in 100 })
      let whole = ends.count { $0 <= count }
      // Fewer than three frames that do not end exactly at the end prove no sync.
      if whole >= 3 { #expect(result.frames.count == whole, "\(count) bytes") }
      #expect(result.frames.count <= whole)
    }
  }

  @Test func `A change of format in the middle keeps every frame of both`() {
    let first = NumberedFrames(.mp3(kilobits: 128, sampleRate: 44_100), tag: 1)
    let second = NumberedFrames(.adts(payload: 200, sampleRate: 48_000), tag: 2)
    let result = scan(first.frames(0..<20) + second.frames(0..<20), pieces: { _ in 333 })
    #expect(result.scanner.skippedBytes == 0)
    #expect(result.frames.prefix(20).allSatisfy { $0.format.codec == .mp3 })
    #expect(result.frames.dropFirst(20).allSatisfy { $0.format.codec == .aac })
    #expect(result.frames.count == 40)
  }

  @Test(arguments: [1, 2, 9, 64, 5000])
  func `ID3 tags in front, between and behind are skipped, not counted as garbage`(_ size: Int) {
    // Version 2.4, size 300 as four times seven bits; the content holds false sync words.
    let tag =
      Array("ID3".utf8) + [4, 0, 0, 0, 0, 2, 44] + [UInt8](repeating: 0xFF, count: 300)
    let last = Array("TAG".utf8) + [UInt8](repeating: 0x20, count: 125)
    let bytes = tag + Self.numbered.frames(0..<5) + tag + Self.numbered.frames(5..<10) + last
    let result = scan(bytes, pieces: { _ in size })
    #expect(result.frames.count == 10)
    #expect(result.scanner.tagBytes == 310 + 310 + 128)
    #expect(result.scanner.skippedBytes == 0)
  }

  @Test func `A free-format stream yields no frame and says why`() throws {
    let frame: [UInt8] = [0xFF, 0xFB, 0x00, 0x00] + [UInt8](repeating: 0, count: 396)
    let result = scan((0..<100).flatMap { _ in frame })
    #expect(result.frames.isEmpty)
    #expect(result.scanner.refusal == .freeFormat)
    #expect(try #require(result.scanner.refusal).sentence.contains("free-format"))
  }

  @Test func `The Info frame of a file is a frame like any other`() async throws {
    let bytes = try await Samples.encode(
      "-c:a libmp3lame -b:a 128k -id3v2_version 0", extension: "mp3")
    let first = try #require(scan(bytes).frames.first)
    #expect(first.position == 0)
    #expect(String(decoding: bytes[36..<40], as: UTF8.self) == "Info")
  }

  @Test func `Different frames have different hashes and equal ones the same`() {
    let numbers = UInt64(0)..<2000
    let hashes = numbers.map { number in
      Self.numbered.frame(number).withUnsafeBytes { frameHash($0) }
    }
    #expect(Set(hashes).count == numbers.count)
    let again = Self.numbered.frame(77).withUnsafeBytes { frameHash($0) }
    #expect(again == hashes[77])
    // One bit anywhere changes the hash, also in the bytes after the last whole word.
    var frame = Self.numbered.frame(0)
    for index in frame.indices {
      frame[index] ^= 1
      #expect(frame.withUnsafeBytes { frameHash($0) } != hashes[0])
      frame[index] ^= 1
    }
  }
}
