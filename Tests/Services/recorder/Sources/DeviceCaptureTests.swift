import Base
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Sound devices, by a real PulseAudio without hardware.
struct DeviceCaptureTests {
  @Test(arguments: [("pulse", "studio.monitor"), ("alsa", "studio")])
  func `A sound device is captured without loss, second by second`(
    _ format: String, _ device: String
  ) async throws {
    let server = try await SoundServer.start()
    let studio = try Studio()
    var definition = CaptureTests.definition(["device:\(device)"])
    definition.inputFormat = format
    let started = SystemTimeSource().monotonic()
    let segments = try await TransportCaptureTests.capture(
      definition, studio, FFmpegSettings(environment: server.environment),
      segments: Campaign.pick(short: 4, long: 60), hiding: "format_whitelist")
    let wall = (SystemTimeSource().monotonic() - started).inSeconds
    await server.stop()
    for (one, next) in zip(segments, segments.dropFirst()) {
      #expect(next.splice == .continuous && abs((next.start - one.end).inSeconds) < 0.002)
    }
    let run = try #require(segments.first?.run)
    #expect(run.format.codec == .flac && run.format.sampleRate == 48_000)
    #expect(run.format.channels == 2)
    // A device's clock is no faster than time, and nothing is left out.
    let length = segments.reduce(0) { $0 + $1.duration.inSeconds }
    #expect(length <= wall + 1, "\(length) in \(wall)")
    let decoded = try await Self.decoded(studio, segments)
    #expect(abs(decoded.seconds - length) < 0.25, "\(decoded.seconds) of \(length)")
    #expect(decoded.maximum > -30 && decoded.maximum < -10, "\(decoded.maximum)")
  }

  /// What FFmpeg finds in the tape's files, each decoded to its end.
  private static func decoded(
    _ studio: Studio, _ segments: [Segment]
  ) async throws -> (seconds: Double, maximum: Double) {
    var (seconds, maximum) = (0.0, -100.0)
    for segment in segments {
      let run = try await ChildProcess.run(
        ChildCommand(
          try requires(.ffmpeg),
          [
            "-nostdin", "-hide_banner", "-nostats", "-i", studio.tapeRoot + "/" + segment.path,
            "-af",
            "volumedetect", "-f", "null", "-",
          ]), timeout: .seconds(60))
      #expect(run.exit.isSuccess)
      for line in run.errorText.split(whereSeparator: \.isNewline) {
        if let mark = line.firstRange(of: "n_samples: ") {
          seconds += (Double(line[mark.upperBound...]) ?? 0) / 48_000 / 2
        }
        if let mark = line.firstRange(of: "max_volume: ") {
          maximum = max(maximum, Double(line[mark.upperBound...].prefix { $0 != " " }) ?? -100)
        }
      }
    }
    return (seconds, maximum)
  }

  @Test(arguments: ["pulse", "alsa"])
  func `A device that is not there is said`(_ format: String) async throws {
    let server = try await SoundServer.start()
    let studio = try Studio()
    let answer = try await FailingSource.said(
      "device:nothing", studio,
      TransportCaptureTests.router(studio, FFmpegSettings(environment: server.environment)),
      inputFormat: format)
    await server.stop()
    #expect(answer.causes == [.sourceUnreachable])
    #expect(answer.sentence.contains("device 'nothing'"), "\(answer.sentence)")
    #expect(answer.sentence.hasSuffix("."))
  }
}
