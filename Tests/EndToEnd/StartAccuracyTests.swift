import Base
import Messages
import TestSupport
import Testing

/// Many shows that start at the same second: every one of them begins with the frame that was on air
/// then, because it is cut from the tape by labels and not begun by hand.
@Suite("Starts at the same second")
struct StartAccuracyTests {
  /// What a label may be off because a busy machine passed every frame on late: the tape is labelled
  /// by the least delay that was seen.
  private static let transport = Duration.milliseconds(10)
  private static let streams = 10

  @Test(
    "every recording begins with the frame of the scheduled instant",
    .timeLimit(.minutes(5)))
  func sameSecond() async throws {
    let count = Campaign.pick(short: 20, long: 100)
    let installation = try Installation()
    try await installation.told {
      try await installation.start(Service.working)
      let client = RESTClient(installation)
      try await client.logIn()
      let frames = NumberedFrames(tag: 31)
      let broadcaster = try await Broadcaster.start(["radio": frames])
      for number in 0..<Self.streams {
        try await client.post(
          "/api/v1/streams", StreamInput("radio-\(number)", broadcaster.server.url("radio")))
      }
      // Far enough ahead that all is put before the recorder connects.
      let start = Instant(seconds: SystemTimeSource().now().seconds + 20)
      for number in 0..<count {
        try await client.post(
          "/api/v1/schedules",
          ScheduleInput(
            "show-\(number)", on: "radio-\(number % Self.streams)", at: start, seconds: 4, to: []))
      }
      #expect(SystemTimeSource().now() < start - .seconds(2), "the shows were put too late")
      var files: [FinishedFile] = []
      for number in 0..<count {
        let recording = try await client.recording(
          of: "show-\(number)", in: [.committed], within: .seconds(180))
        files.append(try #require(recording.file))
      }
      let source = try broadcaster.source("radio")
      var offsets: [Duration] = []
      for file in files {
        #expect(file.gaps.isEmpty, "\(file.name): \(file.gaps)")
        let content = try NumberedFile(mp3: file.path, of: frames)
        #expect(content.isSeamless, "\(file.name): \(content.report)")
        // A frame goes out when it is whole: it stands for the time before that.
        let first = try content.offsets(from: start, to: start, in: source).start
        offsets.append(first - frames.frameDuration)
      }
      let (least, greatest) = (offsets.min() ?? .zero, offsets.max() ?? .zero)
      print("\(count) shows: the first frame began \(least) to \(greatest) from the instant")
      let limit = frames.frameDuration + Self.transport
      #expect(least >= .zero - limit && greatest <= limit, "\(least) … \(greatest)")
      broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }
}
