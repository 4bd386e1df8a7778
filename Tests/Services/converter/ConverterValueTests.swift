import Base
import Configuration
import Messages
import Subprocess
import Testing

@testable import airloom_converter

@Suite("The converter's values")
struct ConverterValueTests {
  @Test("FFmpeg's progress is read report by report")
  func progress() {
    var parser = ProgressParser()
    let lines = """
      frame=75
      fps=29.41
      out_time_us=N/A
      speed=N/A
      progress=continue
      nonsense
      out_time_us=3018594
      out_time=00:00:03.018594
      speed=1.18x
      progress=continue
      out_time_us=-40000
      speed=   2x
      progress=end
      """
    let reports = lines.split(separator: "\n").compactMap { parser.take(String($0)) }
    #expect(
      reports == [
        .init(), .init(doneUs: 3_018_594, speed: 1.18), .init(speed: 2, isEnd: true),
      ])
  }

  @Test("lengths agree within a second and 0.2 percent, and what does not says both")
  func lengths() {
    func why(_ made: Double, _ expected: Double) -> String? {
      LengthPolicy.objection(
        made: .microseconds(Int64(made * 1e6)), expected: .microseconds(Int64(expected * 1e6)))
    }
    #expect(why(9.1, 10) == nil && why(10.9, 10) == nil)
    #expect(why(3593, 3600) == nil)
    #expect(why(3, 10) == "What was made is shorter than the drop: 0:03.0 instead of 0:10.0.")
    #expect(
      why(180, 2580.2) == "What was made is shorter than the drop: 3:00.0 instead of 43:00.2.")
    #expect(
      why(7323.45, 3600) == "What was made is longer than the drop: 2:02:03.5 instead of 1:00:00.0."
    )
  }

  @Test("subtitles are freed of marks, moved and written")
  func subtitles() {
    var text = SubtitleText(
      """
      1\r
      00:00:01,500 --> 00:00:03,000\r
      <font face="Monospace">{\\an7}\\h\\hHELLO  <b>{YOU}</b></font>\r
      \r
      2
      00:00:04,000 --> 00:00:05,000
      <font face="Monospace">{\\an7}\\h</font>

      junk
      3
      01:02:03.004 --> 01:02:04,000 X1:0
      two
      lines
      """)
    #expect(
      text.cues == [
        .init(startMs: 1500, endMs: 3000, lines: ["HELLO  <b>{YOU}</b>"]),
        .init(startMs: 3_723_004, endMs: 3_724_000, lines: ["two", "lines"]),
      ])
    text.move(byMs: -2000)
    #expect(
      text.text == """
        1
        00:00:00,000 --> 00:00:01,000
        HELLO  <b>{YOU}</b>

        2
        01:02:01,004 --> 01:02:02,000
        two
        lines

        """)
    #expect(SubtitleText(text.text) == text)
    text.move(byMs: -10_000)
    #expect(text.cues.count == 1)
  }

  @Test(
    "names of what is made are safe",
    arguments: [
      ("/d/show.ts", "show"), ("/d/a.b.ts", "a.b"), ("/d/a\nb\u{7F}\u{9B}c.ts", "a-b--c"),
      ("/d/-rf.ts", "-rf"), ("/d/a \" ' ; $(x).ts", "a \" ' ; $(x)"), ("/d/  .ts", "recording"),
    ])
  func names(path: String, stem: String) {
    #expect(OutputName.stem(of: DropPath(path), number: 1) == stem)
    #expect(OutputName.stem(of: DropPath(path), number: 2) == "\(stem) (2)")
  }

  @Test("a name of any bytes and any length becomes one that file systems take")
  func anyName() {
    let strange = DropPath(bytes: Array("/d/".utf8) + [0xFF, 0xFE, 0x41] + Array(".ts".utf8))
    #expect(OutputName.stem(of: strange, number: 1) == "\u{FFFD}\u{FFFD}A")
    let long = DropPath("/d/" + String(repeating: "ü", count: 120) + ".ts")
    #expect(OutputName.stem(of: long, number: 1).utf8.count == 200)
  }

  @Test("our own files are known by their names, and others are not")
  func workFiles() {
    #expect(WorkFile.id(in: ".airloom-0123abcd.part.mp4") == "0123abcd")
    #expect(WorkFile.id(in: ".airloom-0123abcd.part.srt.12345678.tmp") == "0123abcd")
    #expect(WorkFile.id(in: ".airloom-0123abcd.part") == "0123abcd")
    #expect(WorkFile.id(in: "airloom-0123abcd.part") == nil)
    #expect(WorkFile.id(in: "Show.mp4") == nil)
    #expect(WorkFile.id(in: ".airloom-.part") == nil)
  }

  @Test("the first bytes tell the container, and nothing else does")
  func containers() {
    var packets = [UInt8](repeating: 0xFF, count: 188 * 8)
    for start in stride(from: 100, to: packets.count, by: 188) { packets[start] = 0x47 }
    #expect(ContainerFormat(head: packets) == .mpegts)
    var blocks = [UInt8](repeating: 0xFF, count: 192 * 8)
    for start in stride(from: 4, to: blocks.count, by: 192) { blocks[start] = 0x47 }
    #expect(ContainerFormat(head: blocks) == .mpegts)
    #expect(ContainerFormat(head: [0, 0, 0, 24] + Array("ftypisom".utf8)) == .mp4)
    #expect(ContainerFormat(head: [0x1A, 0x45, 0xDF, 0xA3, 0x9F]) == .matroska)
    #expect(ContainerFormat(head: [0, 0, 1, 0xBA, 0x44]) == .programStream)
    for text in ["#EXTM3U\n/etc/passwd\n", "ffconcat version 1.0\nfile /etc/passwd\n", "G", ""] {
      #expect(ContainerFormat(head: Array(text.utf8)) == nil)
    }
    #expect(ContainerFormat(head: [UInt8](repeating: 0, count: 65_536)) == nil)
  }

  @Test("marks of captions are found, wherever they are")
  func marks() {
    let filler = [UInt8](repeating: 0x47, count: 1000)
    #expect(!CaptionScout.contains(filler))
    #expect(CaptionScout.contains(filler + Array("GA94\u{3}".utf8) + filler))
    #expect(CaptionScout.contains(filler + [0, 0, 1, 0xB2, 0x43, 0x43, 1, 0xF8]))
  }

  @Test("the command says everything that FFmpeg must not guess")
  func command() throws {
    let facts = try MediaFacts(
      json: Array(
        """
        {"format": {"duration": "60.5", "start_time": "1.4"}, "streams": [
          {"index": 0, "codec_type": "video", "codec_name": "mjpeg", "width": 1, "height": 1,
           "disposition": {"attached_pic": 1}},
          {"index": 2, "codec_type": "video", "codec_name": "mpeg2video", "width": 721, "height": 576},
          {"index": 3, "codec_type": "audio", "codec_name": "ac3", "channels": 6,
           "sample_rate": "48000", "tags": {"language": "deu"}},
          {"index": 4, "codec_type": "audio", "codec_name": "mp2", "channels": 0,
           "sample_rate": "0"},
          {"index": 5, "codec_type": "subtitle", "codec_name": "dvb_teletext"}]}
        """.utf8))
    #expect(facts.summary == "mpeg2video 721×576, ac3 6 channels (deu)")
    #expect(facts.subtitles.map(\.isText) == [true])
    let command = TranscodeCommand(
      content: Inspection.Content(format: .mpegts, facts: facts, durationUs: 60_500_000),
      preset: .fast, crf: 20)
    let drop = try OpenDrop(DropPath(#filePath))
    let child = command.child(drop, output: "/out/x.mp4")
    let line = child.arguments.joined(separator: " ")
    #expect(child.niceness == 10)
    #expect(!line.contains(#filePath))
    #expect(line.contains("-protocol_whitelist file,pipe -format_whitelist mpegts -f mpegts"))
    #expect(line.contains("-map 0:2 -map 0:3 -sn -dn"))
    #expect(line.contains("deint=interlaced,scale=720:576,"))
    #expect(line.contains("-b:a:0 384k"))
    #expect(line.hasSuffix("-movflags +faststart -f mp4 file:/out/x.mp4"))
  }

  @Test("settings that contradict each other are refused with a sentence")
  func folders() throws {
    func plan(_ change: (inout Settings.Converter) -> Void) throws -> FolderPlan {
      var settings = Settings().converter
      settings.folders = ["/drops/", "/drops"]
      change(&settings)
      return try FolderPlan(settings, output: "/media/converted")
    }
    #expect(try plan { _ in }.watched == [DropPath("/drops")])
    let bad: [(inout Settings.Converter) -> Void] = [
      { $0.folders = ["drops"] }, { $0.after = .move }, { $0.doneFolder = "/drops" },
      { $0.folders = ["/media/converted"] }, { $0.destinations = ["No Id"] },
    ]
    for change in bad { #expect(throws: (any Error).self) { try plan(change) } }
  }
}
