public import Subprocess

/// FFmpeg as a broadcaster: a sine tone in real time to an Icecast mount, until stopped.
public final class ToneSource: Sendable {
  public enum Format: Sendable, CaseIterable {
    case mp3
    case adts
    case opus
    case flac
    case vorbis

    var arguments: [String] {
      switch self {
      case .mp3: ["-c:a", "libmp3lame", "-content_type", "audio/mpeg", "-f", "mp3"]
      case .adts: ["-c:a", "aac", "-content_type", "audio/aac", "-f", "adts"]
      case .opus: ["-c:a", "libopus", "-content_type", "application/ogg", "-f", "ogg"]
      case .flac: ["-c:a", "flac", "-content_type", "application/ogg", "-f", "ogg"]
      case .vorbis: ["-c:a", "libvorbis", "-content_type", "application/ogg", "-f", "ogg"]
      }
    }
  }

  public let child: ChildProcess

  private init(_ child: ChildProcess) { self.child = child }

  /// Returns when the mount can be listened to.
  public static func start(
    _ format: Format = .mp3, to server: IcecastServer, mount: String, kilobitsPerSecond: Int = 128
  ) async throws -> ToneSource {
    var command = ChildCommand(
      try requires(.ffmpeg),
      [
        "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=44100", "-ac", "2", "-b:a", "\(kilobitsPerSecond)k",
      ] + format.arguments + [server.sourceURL(mount)])
    command.errors = .tail(limit: 16 << 10)
    let child = try await ChildProcess.start(command)
    try await eventually("the mount \(mount) is there") {
      if let exit = child.ending { throw TestFailure("ffmpeg \(exit): \(child.errorText)") }
      return try await HTTPProbe.status(port: server.port, path: "/\(mount)") == 200
    }
    return ToneSource(child)
  }

  public func stop() async { await child.stop(.kill) }

  /// Makes a file with that much tone; the name's extension says which format.
  public static func makeFile(
    _ path: String, seconds: Double, extraArguments: [String] = []
  ) async throws {
    let arguments =
      [
        "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=44100:duration=\(seconds)",
      ] + extraArguments + [path]
    let run = try await ChildProcess.run(
      ChildCommand(try requires(.ffmpeg), arguments), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("ffmpeg \(run.exit): \(run.errorText)") }
  }
}
