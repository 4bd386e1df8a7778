import Base
import HTTPServer

/// `/listen`: the frames of a radio stream's tape as one endless response, for every player that can
/// play the stream itself; some seconds behind it, and through the reconnects of its source.
struct Listening: Sendable {
  /// What a player gets at once, to have something in hand.
  private static let start = Duration.seconds(12)
  /// A player that is further behind than this is cut off.
  private static let capacity = 4 << 20
  /// How long nothing may come.
  private static let patience = Duration.seconds(120)

  let streaming: StreamingService

  func response(to stream: StreamID) async throws -> Response {
    guard let first = await news(of: stream, after: nil).first else {
      throw Problem(404, "not_live", "'\(stream)' is not being captured now.")
    }
    guard first.isFramedAudio else {
      throw Problem(
        415, "other_container", "'\(stream)' is not a plain audio stream; play /live instead.")
    }
    let channel = OutputChannel(capacity: Listening.capacity)
    Task { await feed(channel, stream, from: first) }
    return Response(
      headers: [
        ("Content-Type", first.container == "adts" ? "audio/aac" : "audio/mpeg"),
        ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
      ], body: .channel(channel))
  }

  /// Writes until the player goes, the coding changes or nothing comes any more.
  private func feed(_ channel: OutputChannel, _ stream: StreamID, from first: TapeSegment) async {
    defer { channel.finish() }
    var last: TapeSegment?
    var heardAt = streaming.time.monotonic()
    while streaming.time.monotonic() - heardAt < Listening.patience {
      for segment in await news(of: stream, after: last) {
        guard segment.container == first.container, segment.codec == first.codec,
          let media = try? await streaming.segments.media(
            .stored(stream, segment.node, sequence: segment.sequence)),
          channel.write(media.bytes)
        else { return }
        last = segment
        heardAt = streaming.time.monotonic()
      }
      // An empty write tells whether the player is still there.
      guard channel.write([]) else { return }
      try? await Task.sleep(for: .seconds(1))
    }
  }

  private func news(of stream: StreamID, after last: TapeSegment?) async -> [TapeSegment] {
    let now = streaming.time.now()
    let from = last?.end ?? now - Listening.start - .seconds(20)
    let reading = await streaming.reader.read(
      stream, from: from - .seconds(5), to: now + .seconds(60), remembers: false)
    let segments = TapeMerge(reading.answers, after: last).segments
    guard last == nil, let end = segments.last?.end else { return segments }
    return segments.filter { $0.end > end - Listening.start }
  }
}
