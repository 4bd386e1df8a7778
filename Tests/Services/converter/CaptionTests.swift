import Base
import Glibc
import Messages
import TestSupport
import Testing

@testable import airloom_converter

@Suite("Captions")
struct CaptionTests {
  @Test("closed captions of a broadcast are written beside the picture", .timeLimit(.minutes(8)))
  func closedCaptions() async throws {
    let bench = try ConverterBench()
    try await CaptionedBroadcast.make(
      bench.folder("captioned.ts"), seconds: 8,
      captions: [
        .init(from: 2, to: 4, text: "GOOD EVENING"), .init(from: 5, to: 7, text: "THE NEWS AT TEN"),
      ], in: bench.folder)
    try await bench.put(bench.folder("captioned.ts"), as: "a 'b',[c].ts")
    let conversion = try await bench.drop("a 'b',[c].ts", in: [.converted, .failed])
    let captions = try #require(conversion.captions, "\(conversion)")
    #expect(captions.fault == nil && captions.cues == 2 && captions.tool == .ffmpeg)
    #expect(captions.path == "\(bench.output)/a 'b',[c].srt")
    #expect(bench.made == ["a 'b',[c].mp4", "a 'b',[c].srt"])
    let text = SubtitleText(
      String(decoding: try DurableFile.read(try #require(captions.path)), as: UTF8.self))
    #expect(text.cues.map(\.lines) == [["GOOD EVENING"], ["THE NEWS AT TEN"]])
    for (cue, times) in zip(text.cues, [(2000, 4000), (5000, 7000)] as [(Int64, Int64)]) {
      #expect(abs(cue.startMs - times.0) < 250, "\(cue)")
      #expect(abs(cue.endMs - times.1) < 250, "\(cue)")
    }
    try await bench.stop()
  }

  @Test("CCExtractor is used where it is installed, on the open file", .timeLimit(.minutes(8)))
  func extractor() async throws {
    let folder = try TemporaryFolder()
    try await CaptionedBroadcast.make(
      folder("captioned.ts"), seconds: 2, captions: [.init(from: 1, to: 2, text: "HELLO")],
      in: folder)
    // In its place: what it is called with, and the size of what it can read.
    let program = try folder.file(
      "ccextractor",
      """
      #!/bin/sh
      printf '1\\n00:00:01,000 --> 00:00:02,000\\n%s %s %s\\n' "$1" "$2" "$(wc -c < "$1")" > "$3"
      """)
    chmod(program, 0o755)
    let drop = try OpenDrop(DropPath(folder("captioned.ts")))
    let content = try #require(try await DropInspector().inspect(drop).content)
    let logs = ConversionLogs(folder: folder.path, time: SystemTimeSource())
    let id = JobID(unchecked: "x")
    func run(_ program: String) async throws -> ConversionCaptions {
      try await CaptionMaker(logs: logs, extractor: program).make(
        id, of: drop, content, to: folder("x.srt"))
    }
    let found = try await run(program)
    #expect(found == ConversionCaptions(tool: .ccextractor, path: folder("x.srt"), cues: 1))
    #expect(try folder.text("x.srt").contains("/proc/self/fd/0 -o \(drop.identity.bytes)\n"))
    // 10: there are none. Anything else is a fault that is told.
    try folder.file("ccextractor", "#!/bin/sh\nexit 10\n")
    chmod(program, 0o755)
    #expect(try await run(program) == ConversionCaptions(tool: .ccextractor))
    try folder.file("ccextractor", "#!/bin/sh\necho no codec >&2\nexit 3\n")
    chmod(program, 0o755)
    #expect(
      try await run(program)
        == ConversionCaptions(
          tool: .ccextractor, fault: "The captions could not be read: no codec."))
  }

  @Test(
    "subtitles that are text are taken where the picture has no captions",
    .timeLimit(.minutes(8)))
  func textSubtitles() async throws {
    let bench = try ConverterBench()
    let sample = try await Samples.shared.mp4(seconds: 4)
    try bench.folder.file(
      "words.srt", "1\n00:00:01,000 --> 00:00:02,500\nGuten Abend\n\n")
    try await BroadcastFile.ffmpeg([
      "-i", sample, "-i", bench.folder("words.srt"), "-map", "0", "-map", "1", "-c", "copy",
      "-c:s", "mov_text", bench.folder("film.mp4"),
    ])
    try await bench.put(bench.folder("film.mp4"), as: "film.mp4")
    let conversion = try await bench.drop("film.mp4", in: [.converted, .failed])
    #expect(conversion.captions?.cues == 1, "\(conversion)")
    let text = String(decoding: try DurableFile.read("\(bench.output)/film.srt"), as: UTF8.self)
    #expect(text == "1\n00:00:01,000 --> 00:00:02,500\nGuten Abend\n")
    try await bench.stop()
  }
}
