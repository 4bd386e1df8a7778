import Base
import Glibc
import TestSupport
import Testing

@testable import Media

/// Frames in, frames out, at the right time: FFmpeg reads what the writers made.
@Suite("Audio in containers", .timeLimit(.minutes(15)))
struct AudioContainerTests {
  /// What FFprobe says of one packet.
  struct Packet: Hashable {
    let pts: Int64
    let size: Int
    let hash: String
  }

  enum Container: String, CaseIterable, Sendable {
    case transportStream = "ts"
    case fragmentedMP4 = "mp4"

    func segment(_ audio: AudioFrames, _ start: Instant, _ sequence: Int64, isLast: Bool = true)
      throws -> [UInt8]
    {
      switch self {
      case .transportStream:
        TransportStreamWriter.segment(
          audio, start: start, sequence: sequence, isLastPiece: isLast)
      case .fragmentedMP4:
        try FragmentedMP4Writer.fragment(audio, start: start, sequence: sequence)
      }
    }

    func head(_ audio: AudioFrames) throws -> [UInt8] {
      self == .fragmentedMP4 ? try FragmentedMP4Writer.initialisation(of: audio) : []
    }

    /// In ticks per second.
    func timeScale(_ audio: AudioFrames) -> Int {
      self == .transportStream ? MediaClock.rate : audio.format.sampleRate
    }
  }

  /// 2026-11-21T14:00:00.123456Z
  static let start = Instant(microseconds: 1_795_269_600_123_456)

  static let encodings: [(arguments: String, name: String)] = [
    ("-c:a libmp3lame -b:a 128k -write_xing 0 -id3v2_version 0", "mp3"),
    ("-c:a libmp3lame -b:a 56k -ar 22050 -ac 1 -write_xing 0 -id3v2_version 0", "mp3"),
    ("-c:a aac -b:a 96k", "aac"),
    ("-c:a aac -b:a 64k -ar 32000 -ac 1", "aac"),
  ]

  @Test(arguments: Container.allCases, 0..<4)
  func `segments made one by one decode as the source does, without a complaint`(
    container: Container, encoding: Int
  ) async throws {
    let (arguments, name) = Self.encodings[encoding]
    let source = try await Samples.encode(arguments, extension: name)
    let audio = try #require(AudioFrames(source))
    var output = try container.head(audio)
    // Out of order, as they are asked for.
    var parts: [Int: [UInt8]] = [:]
    for index in [3, 0, 6, 1, 5, 2, 4] {
      parts[index] = try container.segment(
        audio.piece(index, of: 7), Self.start, 40, isLast: index == 6)
    }
    for index in 0..<7 { output += try #require(parts[index]) }

    let decoded = try await Self.decodedHash(output, container.rawValue)
    #expect(try await Self.decodedHash(source, name) == decoded)
    #expect(try await Samples.complaints(about: output, extension: container.rawValue) == "")

    let packets = try await Self.packets(output, container.rawValue)
    #expect(packets.count == audio.frames.count)
    let scale = container.timeScale(audio)
    var samples: Int64 = 0
    let first = try #require(packets.first).pts
    for (frame, packet) in zip(audio.frames, packets) {
      let expected = samples * Int64(scale) / Int64(audio.format.sampleRate)
      #expect(abs(packet.pts - first - expected) <= 1)
      samples += Int64(frame.samples)
    }
    let wanted =
      container == .transportStream
      ? MediaClock.ticks(at: Self.start, samples: 0, rate: audio.format.sampleRate)
      : FragmentedMP4Writer.decodeTime(Self.start, rate: audio.format.sampleRate)
    #expect(first == wanted)
  }

  @Test(arguments: [
    NumberedFrames.Kind.mp3(kilobits: 128, sampleRate: 44_100),
    .adts(payload: 200, sampleRate: 48_000),
  ])
  func `segments of a tape join without a break in counters, time or frames`(
    kind: NumberedFrames.Kind
  ) async throws {
    let source = NumberedFrames(kind)
    // Four segments of about four seconds, numbered so that the tables' counter wraps.
    var stream: [UInt8] = []
    var position: UInt64 = 0
    for sequence in Int64(14)..<18 {
      let next = position + 150 + UInt64(sequence)
      let audio = try #require(AudioFrames(source.frames(position..<next)))
      stream += TransportStreamWriter.segment(
        audio, start: Self.start + source.start(ofFrame: position), sequence: sequence)
      position = next
    }
    #expect(stream.count % 188 == 0)
    #expect(TransportPackets(stream).faults == [])
    #expect(try await Samples.complaints(about: stream, extension: "ts") == "")
    let packets = try await Self.packets(stream, "ts")
    #expect(packets.count == Int(position))
    let steps = zip(packets, packets.dropFirst()).map { $1.pts - $0.pts }
    let step = Int64(source.samplesPerFrame) * 90_000 / Int64(source.sampleRate)
    #expect(steps.allSatisfy { (step...step + 1).contains($0) || $0 == step - 1 })
    let report = NumberedReport(try await Self.elementaryStream(stream), of: source)
    #expect(report.isSeamless && report.numbers.count == Int(position), "\(report)")
  }

  @Test func `the clock wraps after 33 bits, and what plays over the wrap goes on`() async throws {
    let source = NumberedFrames(.mp3(kilobits: 128, sampleRate: 48_000))
    // The tick before the wrap, from the Unix epoch on: 2^33 ticks have passed 18,800 times.
    let wrap = Instant(microseconds: 18_800 * (1 << 33) / 9 * 100)
    let start = wrap - .milliseconds(600)
    let audio = try #require(AudioFrames(source.frames(0..<100)))
    let stream = TransportStreamWriter.segment(audio, start: start, sequence: 3)
    #expect(try await Samples.complaints(about: stream, extension: "ts") == "")
    let times = TransportPackets(stream).presentationTimes
    #expect(times.first.map { $0 > (1 << 33) - 60_000 } == true)
    #expect(times.last.map { $0 < 200_000 } == true)
    let packets = try await Self.packets(stream, "ts")
    #expect(zip(packets, packets.dropFirst()).allSatisfy { $1.pts - $0.pts == 2160 })
  }

  @Test func `pieces are the whole, whatever their number`() throws {
    let source = NumberedFrames()
    let audio = try #require(AudioFrames(source.frames(0..<10)))
    for count in 1...12 {
      let pieces = (0..<count).map { audio.piece($0, of: count) }
      #expect(pieces.flatMap(\.frames) == Array(audio.frames))
      #expect(
        pieces.last?.precedingSamples == Int64(1152 * (10 - (pieces.last?.frames.count ?? 0))))
    }
  }

  @Test func `what is no audio has no frames, and none makes an empty segment`() throws {
    #expect(AudioFrames([]) == nil)
    #expect(AudioFrames([UInt8](repeating: 7, count: 5000)) == nil)
    let one = try #require(AudioFrames(NumberedFrames().frames(0..<3)))
    let empty = one.piece(1, of: 9)
    #expect(empty.frames.isEmpty)
    #expect(TransportStreamWriter.segment(empty, start: Self.start, sequence: 0) == [])
    #expect(try FragmentedMP4Writer.fragment(empty, start: Self.start, sequence: 0) == [])
  }

  @Test func `AAC that MP4 cannot take is refused with a sentence`() throws {
    let frame = NumberedFrames(.adts(payload: 100, sampleRate: 44_100)).frame(0)
    var several = frame
    several[6] |= 1
    var inside = frame
    inside[3] &= 0x3F
    for (bytes, kind) in [
      (several, MediaWritingError.Kind.severalBlocks), (inside, .layoutInsideFrames),
    ] {
      let audio = try #require(AudioFrames(bytes + bytes + bytes))
      #expect(throws: MediaWritingError(kind: kind)) {
        try FragmentedMP4Writer.initialisation(of: audio)
      }
    }
  }

  // MARK: FFmpeg's word

  static func packets(_ bytes: [UInt8], _ name: String) async throws -> [Packet] {
    let text = try await asked(
      "ffprobe -v error -show_packets -show_data_hash md5 -of compact=nk=0:p=0 "
        + "-show_entries packet=pts,size,data_hash", bytes, name)
    return text.split(separator: "\n").compactMap { line in
      var values: [Substring: Substring] = [:]
      for field in line.split(separator: "|") {
        let pair = field.split(separator: "=", maxSplits: 1)
        if pair.count == 2 { values[pair[0]] = pair[1] }
      }
      guard let pts = values["pts"].flatMap({ Int64($0) }),
        let size = values["size"].flatMap({ Int($0) })
      else { return nil }
      return Packet(pts: pts, size: size, hash: String(values["data_hash"] ?? ""))
    }
  }

  /// Of the decoded samples.
  private static func decodedHash(_ bytes: [UInt8], _ name: String) async throws -> String {
    try await asked("ffmpeg -nostdin -v error -i", bytes, name, after: "-f md5 -c:a pcm_s16le -")
  }

  /// The frames as FFmpeg takes them out.
  private static func elementaryStream(_ bytes: [UInt8]) async throws -> [UInt8] {
    let output = Samples.temporaryPath("frames")
    defer { unlink(output) }
    _ = try await asked(
      "ffmpeg -nostdin -v error -i", bytes, "ts", after: "-map 0:a -c copy -f data \(output)")
    return try DurableFile.read(output)
  }

  private static func asked(
    _ command: String, _ bytes: [UInt8], _ name: String, after: String = ""
  ) async throws -> String {
    let path = Samples.temporaryPath(name)
    defer { unlink(path) }
    try DurableFile.write(bytes, to: path)
    let result = try await Samples.run("\(command) \(path) \(after)")
    guard result.isSuccess else { throw Samples.Failure(output: result.output) }
    return result.output
  }
}
