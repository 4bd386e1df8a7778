import Base
import Configuration
import Glibc
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_converter

@Suite("A bad drop ends as it should, and is not tried for ever")
struct BadDropTests {
  @Test(
    "what is no recording is set aside with its reason, and FFmpeg never sees it",
    .timeLimit(.minutes(8)))
  func noRecording() async throws {
    let bench = try ConverterBench()
    let secret = try await Samples.shared.transportStream(seconds: 2)
    let lists = [
      "text.ts": "This is not a film.\n",
      "list.ts": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n\(secret)\n#EXT-X-ENDLIST\n",
      "concat.mpg": "ffconcat version 1.0\nfile '\(secret)'\n",
      "zeros.mkv": String(repeating: "\0", count: 100_000),
    ]
    for (name, text) in lists { try bench.folder.file("drops/\(name)", text) }
    for name in lists.keys.sorted() {
      let conversion = try await bench.drop(name, in: [.failed, .converted])
      #expect(conversion.state == .failed && conversion.attempts == 0, "\(conversion)")
      #expect(
        conversion.reason
          == "It is not a recording: its first bytes are of no known kind of video file.")
      let log = bench.log(of: conversion)
      #expect(!log.contains("runs:"), "\(log)")
    }
    // Set aside is set aside: the next scans leave it alone.
    let before = try await bench.said(ConversionReported.self).count
    try await bench.put(secret, as: "good.ts")
    try await bench.drop("good.ts", in: [.converted])
    let later = try await bench.said(ConversionReported.self).filter {
      $0.conversion.name != "good.ts"
    }
    #expect(later.count == before)
    // It changes: a new start.
    try await bench.put(secret, as: "text.ts")
    try await bench.drop("text.ts", in: [.converted])
    try await bench.stop()
  }

  @Test("an MP4 that was cut off says what is missing", .timeLimit(.minutes(8)))
  func truncated() async throws {
    let sample = try await Samples.shared.mp4(seconds: 4)
    let bench = try ConverterBench()
    try await bench.shell(
      """
      head -c 60000 "$1" > "$2/data.mp4"
      ffmpeg -nostdin -v error -i "$1" -c copy -movflags +faststart "$2/.front.mp4"
      head -c 60000 "$2/.front.mp4" > "$2/front.mp4"
      ffmpeg -nostdin -v error -i "$1" -c copy "$2/.whole.mkv"
      head -c 60000 "$2/.whole.mkv" > "$2/cut.mkv"
      """, sample, bench.drops)
    for (name, words) in [
      ("data.mp4", "too early"), ("front.mp4", "too early"), ("cut.mkv", "too early"),
    ] {
      let conversion = try await bench.drop(name, in: [.failed, .converted])
      #expect(conversion.reason?.contains(words) == true, "\(conversion)")
      #expect(conversion.reason?.hasPrefix("It is not whole: ") == true)
    }
    // The rest arrives after all.
    try await bench.shell("tail -c +60001 \"$1\" >> \"$2/data.mp4\"", sample, bench.drops)
    try await bench.drop("data.mp4", in: [.converted])
    try await bench.stop()
  }

  @Test("any name will do", .timeLimit(.minutes(8)))
  func names() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench { settings, _ in settings.converter.workers = 2 }
    let names: [[UInt8]] = [
      Array("-i.ts".utf8), Array("a 'b' \"c\" [out0+subcc];,\\:%d.ts".utf8),
      Array("line\nbreak\t.ts".utf8), [0x66, 0xFF, 0xFE] + Array(".ts".utf8),
      Array("md5:file:pipe:0.ts".utf8), Array("$(touch x) `y`.ts".utf8),
    ]
    let bytes = try DurableFile.read(sample)
    for name in names {
      try write(bytes, to: DropPath(bench.drops).appending(name))
    }
    let wanted: Set<String> = [
      "-i.mp4", "a 'b' \"c\" [out0+subcc];,\\:%d.mp4", "line-break-.mp4", "f\u{FFFD}\u{FFFD}.mp4",
      "md5:file:pipe:0.mp4", "$(touch x) `y`.mp4",
    ]
    try await eventually("all are converted", within: .seconds(200)) {
      Set(bench.made) == wanted
    }
    #expect(TemporaryFolder.names(in: bench.drops).count == names.count)
    let all = try await bench.said(ConversionReported.self).map(\.conversion)
    #expect(all.allSatisfy { $0.state != .failed })
    try await bench.stop()
  }

  @Test(
    "a drop that goes, or is rewritten, during its conversion is told, and nothing of it stays",
    .timeLimit(.minutes(8)))
  func meanwhile() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 12)
    let other = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench { settings, _ in
      settings.converter.preset = .veryslow
      settings.converter.workers = 2
    }
    try await bench.put(sample, as: "gone.ts")
    try await bench.put(sample, as: "new.ts")
    try await bench.drop("gone.ts", in: [.converting])
    try await bench.drop("new.ts", in: [.converting])
    try await eventually("the progress is shown beside it", within: .seconds(200)) {
      TemporaryFolder.names(in: bench.drops).contains(".new.ts.airloom-progress")
    }
    unlink("\(bench.drops)/gone.ts")
    try await bench.shell("cat \"$1\" > \"$2/new.ts\"", other, bench.drops)
    let gone = try await bench.drop("gone.ts", in: [.vanished, .converted, .failed])
    #expect(gone.state == .vanished && gone.reason == ConversionPolicy.gone)
    let new = try await bench.drop("new.ts", in: [.converted, .failed])
    #expect(
      try await bench.states("new.ts") == [
        .growing, .queued, .converting, .growing, .queued, .converting, .verifying, .converted,
      ])
    let file = try #require(new.file)
    #expect(abs(Double(file.durationUs) / 1e6 - 2) < 0.3)
    #expect(bench.made == ["new.mp4"])
    #expect(TemporaryFolder.names(in: bench.drops) == ["new.ts"])
    try await bench.stop()
  }

  @Test("what is shorter than its drop is not taken for it", .timeLimit(.minutes(8)))
  func tooShort() async throws {
    let folder = try TemporaryFolder()
    let sample = try await Samples.shared.transportStream(seconds: 4)
    let short = try await Samples.shared.mp4(seconds: 2)
    let silent = folder("silent.mp4")
    let broken = folder("broken.mp4")
    let whole = try await Samples.shared.mp4(seconds: 4)
    try await BroadcastFile.ffmpeg(["-i", whole, "-an", "-c", "copy", silent])
    var bytes = try DurableFile.read(whole)
    for index in stride(from: bytes.count / 3, to: bytes.count / 2, by: 7) { bytes[index] ^= 0x5A }
    try DurableFile.write(bytes, to: broken)

    let drop = try OpenDrop(DropPath(sample))
    let content = try #require(try await DropInspector().inspect(drop).content)
    func verdict(_ path: String) async -> String? {
      do throws(ConverterError) {
        _ = try await OutputVerifier().verify(path, against: content, of: drop)
        return nil
      } catch {
        return error.kind == .verification ? error.reason : "another kind: \(error)"
      }
    }
    #expect(await verdict(whole) == nil)
    #expect(
      await verdict(short)
        == "What was made is shorter than the drop: 0:02.0 instead of 0:04.0.")
    #expect(
      await verdict(silent) == "What was made has 0 sound tracks, but the drop has 1.")
    #expect(await verdict(broken)?.contains("cannot be decoded to its end") == true)
    #expect(await verdict(sample)?.contains("cannot be read") == true)
  }

  @Test("a clock that jumps in the middle of a broadcast does not fail it", .timeLimit(.minutes(8)))
  func clockJump() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench()
    // The second half begins an hour later by its time stamps.
    try await bench.shell(
      """
      ffmpeg -nostdin -v error -i "$1" -c copy -output_ts_offset 3600 -f mpegts "$2/.late.ts"
      cat "$1" "$2/.late.ts" > "$2/.jump.ts"; mv "$2/.jump.ts" "$2/jump.ts"
      """, sample, bench.drops)
    let conversion = try await bench.drop("jump.ts", in: [.converted, .failed])
    #expect((conversion.durationUs ?? 0) > 3_000_000_000)
    let file = try #require(conversion.file, "\(conversion)")
    #expect(abs(Double(file.durationUs) / 1e6 - 4) < 1)
    try await bench.stop()
  }

  /// Behind the look at the first bytes there is a second wall: each command itself opens nothing but
  /// the drop, even where the drop is a playlist.
  @Test("no command opens what a playlist names", .timeLimit(.minutes(8)))
  func playlists() async throws {
    let folder = try TemporaryFolder()
    let secret = try await Samples.shared.transportStream(seconds: 2)
    let lists = [
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n\(secret)\n#EXT-X-ENDLIST\n",
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/x.ts\n",
      "ffconcat version 1.0\nfile '\(secret)'\n",
      "concat:\(secret)|\(secret)",
    ]
    let facts = try MediaFacts(
      json: Array(
        """
        {"format": {"duration": "2"}, "streams": [{"index": 0, "codec_type": "video",
         "codec_name": "mpeg2video", "width": 320, "height": 240}]}
        """.utf8))
    for (number, list) in lists.enumerated() {
      let drop = try OpenDrop(DropPath(try folder.file("up-\(number).ts", list)))
      for format in [ContainerFormat.mpegts, .mp4, .matroska] {
        let content = Inspection.Content(format: format, facts: facts, durationUs: 2_000_000)
        let subtitle = MediaFacts.Subtitle(index: 0, codec: "subrip", language: nil)
        let commands = [
          DropInspector.command(drop, format),
          TranscodeCommand(content: content, preset: .ultrafast, crf: 30)
            .child(drop, output: folder("out.mp4")),
          CaptionMaker.decode(drop, format, to: folder("out.srt")),
          CaptionMaker.convert(drop, format, subtitle, to: folder("out.srt")),
        ]
        for command in commands {
          let calls = try await Self.trace(command, in: folder)
          #expect(calls.contains("/proc/self/fd/0"))
          #expect(!calls.contains(secret), "\(command.program) \(command.arguments)")
          #expect(!calls.contains("AF_INET"), "\(command.program) \(command.arguments)")
        }
      }
    }
    // The trace would show it: left to guess, FFmpeg opens what the list names.
    let drop = try OpenDrop(DropPath(folder("up-2.ts")))
    var guess = ChildCommand(
      "ffprobe", ["-v", "error", "-f", "concat", "-safe", "0", OpenDrop.nameForChild])
    guess.input = drop.input
    #expect(try await Self.trace(guess, in: folder).contains(secret))
  }

  /// What a command opens and connects to.
  private static func trace(_ command: ChildCommand, in folder: TemporaryFolder) async throws
    -> String
  {
    var traced = command
    traced.program = try requires(.strace)
    traced.arguments =
      ["-f", "-qq", "-s", "500", "-o", folder("trace"), "-e", "trace=openat,open,connect"]
      + [command.program] + command.arguments
    _ = try await ChildProcess.run(traced, timeout: .seconds(200))
    return try folder.text("trace")
  }

  @Test(
    "a disk that fills up is waited for, and costs the drop no try", .timeLimit(.minutes(8)),
    .enabled(if: SmallDisk.isPossible))
  func fullDisk() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 12)
    let folder = try TemporaryFolder()
    let disk = try SmallDisk(at: folder("disk"), megabytes: 4)
    // All but a few blocks are taken.
    try disk.fill()
    truncate("\(disk.path)/filler", off_t(4 << 20) - 40_000)
    let bench = try ConverterBench(folder: folder) { settings, _ in
      settings.converter.output = disk.path
      settings.converter.attempts = 1
    }
    try await bench.put(sample, as: "show.ts")
    let reason = "There is no room in \(disk.path): free some, and it goes on."
    try await eventually("it waits", within: .seconds(200)) {
      try await bench.history("show.ts").contains { $0.state == .queued && $0.reason == reason }
    }
    #expect(bench.made.filter { $0 != "filler" }.allSatisfy { $0.hasPrefix(".airloom-") })
    disk.free()
    try await bench.drop("show.ts", in: [.converted])
    #expect(bench.made == ["show.mp4"])
    #expect(try await !bench.states("show.ts").contains(.failed))
    try await bench.stop()
  }

  private func write(_ bytes: [UInt8], to path: DropPath) throws {
    let descriptor = path.withCString { open($0, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644) }
    guard descriptor >= 0 else { throw SystemError(code: errno, call: "open", subject: path.text) }
    defer { close(descriptor) }
    try bytes.withUnsafeBytes { buffer in
      Result { () throws(SystemError) in try Syscall.writeAll(buffer, to: descriptor) }
    }.get()
  }
}
