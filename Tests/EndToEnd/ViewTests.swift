import Base
import FoundationEssentials
import Messages
import Storage
import TestSupport
import Testing

/// Recordings are windows on the tape: made of what is past, moved while they run, laid side by side.
@Suite("Views of a tape")
struct ViewTests {
  struct KeepInput: Encodable {
    var title: String
    var start: Instant
    var end: Instant
  }
  struct EndInput: Encodable { var end: Instant }

  @Test(
    "what was on air before somebody wanted it is kept, frame by frame", .timeLimit(.minutes(3)))
  func kept() async throws {
    let installation = try Installation()
    try await installation.told {
      let frames = NumberedFrames(tag: 41)
      let studio = try await Studio.start(
        ["radio": frames], in: installation, services: Service.working)
      let start = try await studio.schedule("show", on: "radio", seconds: 16)
      try await reach(start + .seconds(12))
      // The middle of a window that is still open, and past.
      let span = (start: start + .seconds(3), end: start + .seconds(9))
      try await studio.client.post(
        "/api/v1/streams/radio/keep",
        KeepInput(title: "A moment", start: span.start, end: span.end))
      let kept = try await studio.client.recording(titled: "A moment", within: .seconds(40))
      let file = try #require(kept.file)
      #expect(file.gaps.isEmpty, "\(file.gaps)")
      let content = try NumberedFile(mp3: file.path, of: frames)
      #expect(content.isSeamless, "\(content.report)")
      #expect(abs(content.duration.inSeconds - 6) < 0.03, "\(content.duration)")
      let offsets = try content.offsets(
        from: span.start, to: span.end, in: try studio.broadcaster.source("radio"))
      #expect(abs(offsets.start.inSeconds) < 0.3, "\(offsets)")
      // The show goes on untouched.
      let (_, whole) = try await studio.arrived("show", on: "radio", within: .seconds(60))
      #expect(whole.isSeamless && abs(whole.duration.inSeconds - 16) < 0.03, "\(whole.report)")
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "an end is moved later while the show runs, and again when its file is made",
    .timeLimit(.minutes(3)))
  func movedEnd() async throws {
    let installation = try Installation()
    try await installation.told {
      let frames = NumberedFrames(tag: 42)
      let studio = try await Studio.start(
        ["radio": frames], in: installation, services: Service.working)
      let start = try await studio.schedule("show", on: "radio", seconds: 6)
      // Keeps the stream on the tape beyond the show.
      try await studio.client.post(
        "/api/v1/schedules",
        ScheduleInput("other", on: "radio", at: start, seconds: 40, to: []))
      try await reach(start + .seconds(3))
      let running = try await studio.client.recording(
        of: "show", in: [.recording], within: .seconds(10))
      try await studio.client.post(
        "/api/v1/recordings/\(running.id)/end", EndInput(end: start + .seconds(10)))
      let (first, content) = try await studio.arrived("show", on: "radio", within: .seconds(60))
      #expect(
        content.isSeamless && abs(content.duration.inSeconds - 10) < 0.03, "\(content.report)")
      #expect(first.file?.gaps == [])
      try await studio.client.post(
        "/api/v1/recordings/\(running.id)/end", EndInput(end: start + .seconds(14)))
      let longer = try await eventually("the longer file is made", within: .seconds(60)) {
        let found = await studio.client.recordings(of: "show").first
        guard let file = found?.file, found?.state == .committed, file.durationUs > 12_000_000
        else { return nil as FinishedFile? }
        return file
      }
      let again = try NumberedFile(mp3: longer.path, of: frames)
      #expect(again.isSeamless && abs(again.duration.inSeconds - 14) < 0.03, "\(again.report)")
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "files without end lie side by side: no frame is missing between them, none is in two",
    .timeLimit(.minutes(3)))
  func always() async throws {
    let installation = try Installation()
    try await installation.told {
      let frames = NumberedFrames(tag: 43)
      let studio = try await Studio.start(
        ["radio": frames], in: installation, services: Service.working)
      try await studio.client.post(
        "/api/v1/schedules",
        ScheduleInput(
          "tape", on: "radio", .always(fileSeconds: 10, zone: "UTC"), seconds: 10, to: []))
      let files = try await eventually("three files are made", within: .seconds(100)) {
        let done = await studio.client.recordings(of: "tape")
          .filter { $0.state == .committed && $0.file?.gaps.isEmpty == true }
          .sorted { $0.start < $1.start }
        return done.count >= 3 ? done : nil as [Recording]?
      }
      var numbers: [UInt64] = []
      for recording in files {
        #expect(recording.start.seconds % 10 == 0 && recording.start.microsecondsOfSecond == 0)
        let file = try #require(recording.file)
        numbers += try NumberedFile(mp3: file.path, of: frames).report.numbers
      }
      let expected = try #require(numbers.first)
      #expect(numbers == Array(expected..<expected + UInt64(numbers.count)))
      #expect(abs(frames.start(ofFrame: UInt64(numbers.count)).inSeconds - 30) < 0.1)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }
}
