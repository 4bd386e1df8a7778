import Base
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

/// RTMP within TLS: FFmpeg as the station, nginx as what encrypts it.
struct SecureSourceTests {
  private static func url(_ front: TLSTerminator) -> String {
    "rtmps://listener:s3cr3t@localhost:\(front.port)/live/show"
  }

  @Test func `A station that proves who it is, is captured`() async throws {
    let station = try await MovingPicture.start(.rtmp)
    let front = try await TLSTerminator.start(before: station.port)
    let studio = try Studio()
    let segments = try await TransportCaptureTests.capture(
      CaptureTests.definition([Self.url(front)]), studio,
      FFmpegSettings(certificates: front.certificate), segments: 3, hiding: "\(front.port)",
      meanwhile: station.keepOn)
    await front.stop()
    await station.stop()
    try await TransportCaptureTests.expectWhole(segments, studio)
  }

  @Test(arguments: [false, true])
  func `One that does not is not sent the password, and that is said`(
    _ isKnownAuthority: Bool
  ) async throws {
    let station = try await MovingPicture.start(.rtmp)
    let counter = try ChaosProxy(to: station.port)
    // Signed by somebody unknown, or for somebody else.
    let front = try await TLSTerminator.start(
      before: counter.port, name: isKnownAuthority ? "elsewhere.test" : "localhost")
    let studio = try Studio()
    let answer = try await FailingSource.said(
      Self.url(front), studio,
      TransportCaptureTests.router(
        studio, FFmpegSettings(certificates: isKnownAuthority ? front.certificate : "")))
    #expect(answer.causes == [.sourceUnreachable])
    #expect(
      answer.sentence.contains("certificate") && answer.sentence.hasSuffix("."),
      "\(answer.sentence)")
    #expect(counter.bytesSent == 0)
    await front.stop()
    await station.stop()
  }
}
