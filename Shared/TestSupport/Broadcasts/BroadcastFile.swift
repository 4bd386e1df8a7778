internal import Base
internal import Subprocess

/// Files as a PVR drops them, made by FFmpeg: a test picture with a tone.
public enum BroadcastFile {
  /// A transport stream of MPEG-2 and MP2 at a constant rate of about 6 Mbit/s, so that its bytes are
  /// spread evenly over its length.
  public static func transportStream(
    _ path: String, seconds: Double, isInterlaced: Bool = false, tracks: Int = 1
  ) async throws {
    let flags = isInterlaced ? ["-flags", "+ildct+ilme", "-top", "1"] : []
    try await make(
      path, seconds: seconds, tracks: tracks,
      ["-c:v", "mpeg2video", "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "1M"]
        + flags + ["-c:a", "mp2", "-f", "mpegts"])
  }

  /// H.264 and AAC in MP4, its index behind the media as FFmpeg writes it.
  public static func mp4(_ path: String, seconds: Double) async throws {
    try await make(
      path, seconds: seconds, tracks: 1,
      ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-f", "mp4"])
  }

  private static func make(
    _ path: String, seconds: Double, tracks: Int, _ encoding: [String]
  ) async throws {
    var inputs = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=\(seconds)"]
    var maps = ["-map", "0:v"]
    for track in 0..<tracks {
      inputs += ["-f", "lavfi", "-i", "sine=frequency=\(440 * (track + 1)):duration=\(seconds)"]
      maps += ["-map", "\(track + 1):a"]
    }
    try await ffmpeg(inputs + maps + encoding + ["file:" + path])
  }

  /// Runs FFmpeg to its end.
  public static func ffmpeg(_ arguments: [String]) async throws {
    let run = try await ChildProcess.run(
      ChildCommand(try requires(.ffmpeg), ["-nostdin", "-v", "error", "-y"] + arguments),
      timeout: .seconds(120))
    guard run.exit.isSuccess else { throw TestFailure("ffmpeg \(run.exit): \(run.errorText)") }
  }
}
