import Base
import Media
import Subprocess
import TestSupport
import Testing

/// Ogg streams that FFmpeg made, in pieces of any size.
struct OggScannerTests {
  struct Coding: CustomTestStringConvertible, Sendable {
    let name: String
    let codec: AudioCodec
    let arguments: [String]
    var testDescription: String { name }
  }

  static let codings = [
    Coding(name: "vorbis", codec: .vorbis, arguments: ["-c:a", "libvorbis", "-f", "ogg"]),
    Coding(
      name: "opus", codec: .opus, arguments: ["-c:a", "libopus", "-ar", "48000", "-f", "ogg"]),
    Coding(name: "flac", codec: .flac, arguments: ["-c:a", "flac", "-f", "ogg"]),
    Coding(
      name: "small pages", codec: .opus,
      arguments: ["-c:a", "libopus", "-ar", "48000", "-page_duration", "40000", "-f", "ogg"]),
  ]

  static func file(
    _ coding: Coding, seconds: Double = 5, title: String = "One", frequency: Int = 440
  ) async throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try await ToneSource.makeFile(
      folder("tone"), seconds: seconds,
      extraArguments: ["-metadata", "title=\(title)", "-metadata", "artist=Somebody"]
        + coding.arguments)
    return try DurableFile.read(folder("tone"))
  }

  struct Scan {
    var frames: [FrameScanner.Frame] = []
    var bytes: [UInt8] = []
    var titles: [String] = []
    var skipped: Int64 = 0
    var duration: Double {
      frames.reduce(0) { $0 + Double($1.samples) / Double($1.format.sampleRate) }
    }
  }

  /// Preambles and frames, one behind the other, as a tape has them.
  static func scan(_ bytes: [UInt8], pieces: Int) -> Scan {
    var scanner = FrameScanner()
    var scan = Scan()
    func take(_ scanner: borrowing FrameScanner) {
      for frame in scanner.frames {
        if scan.frames.last?.format != frame.format {
          scan.bytes += scanner.preamble(of: frame.format) ?? []
        }
        scanner.withBytes { scan.bytes += $0[frame.start..<frame.start + frame.length] }
        scan.frames.append(frame)
      }
      if let title = scanner.title, scan.titles.last != title { scan.titles.append(title) }
    }
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      scanner.feed(Array(bytes[start..<min(start + pieces, bytes.count)]))
      take(scanner)
    }
    scanner.finish()
    take(scanner)
    scan.skipped = scanner.skippedBytes
    return scan
  }

  @Test(arguments: codings)
  func `Headers and frames together are the stream, and their samples its length`(
    _ coding: Coding
  ) async throws {
    let bytes = try await Self.file(coding)
    for pieces in [1_000_000, 4_096, 977, 1] {
      let scan = Self.scan(bytes, pieces: pieces)
      #expect(scan.bytes == bytes, "in pieces of \(pieces)")
      #expect(scan.frames.allSatisfy { $0.format.codec == coding.codec && $0.samples > 0 })
      #expect(abs(scan.duration - 5) < 0.05, "\(scan.duration)")
      #expect(scan.titles == ["Somebody - One"])
      #expect(scan.skipped == 0)
    }
  }

  @Test(arguments: codings)
  func `What is read back from a tape counts the same`(_ coding: Coding) async throws {
    let bytes = try await Self.file(coding)
    let whole = Self.scan(bytes, pieces: 4_096)
    var scanner = FrameScanner()
    scanner.feed(bytes)
    let last = whole.frames.suffix(2)
    let format = try #require(last.first?.format)
    let start = Int(try #require(last.first).position)
    let segment = try #require(scanner.preamble(of: format)) + bytes[start...]
    let again = Self.scan(segment, pieces: 100_000)
    #expect(again.frames.map(\.samples) == last.map(\.samples))
    #expect(again.frames.map(\.hash) == last.map(\.hash))
    #expect(again.frames.map(\.format) == last.map(\.format))
  }

  @Test(arguments: codings)
  func `A chained stream is another format, with another title and nothing lost`(
    _ coding: Coding
  ) async throws {
    let one = try await Self.file(coding, seconds: 2)
    let other = try await Self.file(coding, seconds: 3, title: "Two")
    let scan = Self.scan(one + other, pieces: 1_000)
    #expect(scan.bytes == one + other)
    #expect(Set(scan.frames.map(\.format)).count == 2)
    #expect(
      scan.frames.allSatisfy { $0.format.isSameBroadcast(as: scan.frames.first?.format) })
    #expect(scan.titles == ["Somebody - One", "Somebody - Two"])
    #expect(abs(scan.duration - 5) < 0.1, "\(scan.duration)")
  }

  @Test(arguments: codings)
  func `A page that came damaged is left out alone`(_ coding: Coding) async throws {
    var bytes = try await Self.file(coding)
    let whole = Self.scan(bytes, pieces: 4_096)
    let victim = whole.frames[whole.frames.count / 2]
    bytes[Int(victim.position) + victim.length / 2] ^= 0x55
    let scan = Self.scan(bytes, pieces: 4_096)
    #expect(scan.frames.map(\.hash) == whole.frames.map(\.hash).filter { $0 != victim.hash })
    #expect(scan.skipped == Int64(victim.length))
  }

  @Test func `A stream of another coding is refused with a sentence`() async throws {
    let folder = try TemporaryFolder()
    try await ToneSource.makeFile(
      folder("tone"), seconds: 20,
      extraArguments: ["-c:a", "libspeex", "-ar", "16000", "-ac", "1", "-f", "ogg"])
    let bytes = try DurableFile.read(folder("tone"))
    var scanner = FrameScanner()
    scanner.feed(bytes)
    #expect(scanner.frames.isEmpty)
    #expect(scanner.refusal == .oggCoding)
    #expect(HeaderRefusal.oggCoding.sentence.contains("Vorbis"))
  }
}
