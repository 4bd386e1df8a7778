internal import Base
internal import HTTPServer
internal import Subprocess

/// FFmpeg as an HLS station: a test picture that shows the running time, and a tone, in real time.
/// The playlist lists the newest segments; the files of all stay, so that a test can compare.
public final class HLSStation: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    case transportStream, fragmentedMP4
    /// A tone in MPEG-TS, without a picture.
    case sound
    /// A picture and a tone in MPEG-TS, each with a playlist of its own.
    case soundApart
  }

  public let format: Format
  /// Holds `live.m3u8`, `master.m3u8` and every segment that there was; for `soundApart` also
  /// `sound.m3u8` and the segments of the tone.
  public let folder: String
  private let files: TemporaryFolder
  private let outlet: HLSOutlet
  private let child: ChildProcess

  private init(
    _ format: Format, folder: String, files: TemporaryFolder, outlet: HLSOutlet,
    child: ChildProcess
  ) {
    self.format = format
    self.folder = folder
    self.files = files
    self.outlet = outlet
    self.child = child
  }

  /// Returns when two segments are listed. `listed`: how many the playlist holds at most.
  public static func start(
    _ format: Format, segmentSeconds: Int = 1, listed: Int = 10
  ) async throws -> HLSStation {
    let files = try TemporaryFolder()
    let folder = try files.folder("live")
    if format != .soundApart { try files.file("live/master.m3u8", master(format)) }
    var command = ChildCommand(
      try requires(.ffmpeg), arguments(format, segmentSeconds, listed, folder))
    command.errors = .tail(limit: 16 << 10)
    let child = try await ChildProcess.start(command)
    try await eventually("the station lists segments", within: .seconds(60)) {
      if let exit = child.ending { throw TestFailure("ffmpeg \(exit): \(child.errorText)") }
      guard let bytes = try? DurableFile.read(folder + "/live.m3u8") else { return false }
      return String(decoding: bytes, as: UTF8.self).split(separator: "#EXTINF").count > 2
    }
    let outlet = try HLSOutlet { request in
      let name = request.path.split(separator: "/").last.map(String.init) ?? ""
      // Names have no slashes and no dots in front, so nothing outside the folder can be meant.
      guard !name.hasPrefix("."), !name.contains("%") else { return Problem.notFound.response }
      let isList = name.hasSuffix(".m3u8")
      return .file(
        folder + "/" + name,
        contentType: isList ? "application/vnd.apple.mpegurl" : "application/octet-stream")
    }
    return HLSStation(format, folder: folder, files: files, outlet: outlet, child: child)
  }

  /// The media playlist.
  public var url: String { outlet.url("live.m3u8") }
  public var masterURL: String { outlet.url("master.m3u8") }

  /// Connections are refused; the programme goes on.
  public func goAway() async { await outlet.goAway() }
  public func comeBack() throws { try outlet.comeBack() }

  /// Ends the programme; the server stays.
  public func stop() async { await child.stop(.kill) }

  /// The bytes of every segment so far, oldest first; without the one that is being written.
  /// `sound`: of the tone that is apart.
  public func segments(
    ofSound sound: Bool = false
  ) throws -> [(name: String, bytes: [UInt8])] {
    let list = String(
      decoding: try DurableFile.read(folder + (sound ? "/sound.m3u8" : "/live.m3u8")),
      as: UTF8.self)
    guard
      let last = list.split(separator: "\n").last(where: { !$0.hasPrefix("#") }).map(String.init)
    else { return [] }
    var segments: [(name: String, bytes: [UInt8])] = []
    for number in 0... {
      let name =
        sound ? "soundsegment" + padded(number, 5) + ".ts" : HLSStation.name(number, format)
      segments.append((name, try DurableFile.read(folder + "/" + name)))
      if name == last { break }
    }
    return segments
  }

  private static func name(_ number: Int, _ format: Format) -> String {
    (format == .soundApart ? "live" : "") + "segment" + padded(number, 5) + fileExtension(format)
  }

  private static func fileExtension(_ format: Format) -> String {
    format == .fragmentedMP4 ? ".m4s" : ".ts"
  }

  private static func arguments(
    _ format: Format, _ seconds: Int, _ listed: Int, _ folder: String
  ) -> [String] {
    let rate = 10
    var arguments = ["-nostdin", "-loglevel", "error"]
    if format != .sound {
      arguments += [
        "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=\(rate)",
      ]
    }
    arguments += ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    if format != .sound {
      arguments += [
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p",
        "-g", "\(rate * seconds)", "-keyint_min", "\(rate * seconds)", "-sc_threshold", "0",
        "-b:v", "200k",
      ]
    }
    arguments += ["-c:a", "aac", "-b:a", "64k", "-f", "hls", "-hls_time", "\(seconds)"]
    if format == .fragmentedMP4 {
      arguments += ["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4"]
    }
    if format == .soundApart {
      return arguments + [
        "-map", "0:v", "-map", "1:a", "-var_stream_map",
        "v:0,agroup:apart,name:live a:0,agroup:apart,default:yes,name:sound", "-master_pl_name",
        "master.m3u8", "-hls_list_size", "\(listed)", "-hls_flags",
        "program_date_time+independent_segments", "-hls_segment_filename",
        "\(folder)/%vsegment%05d.ts", "\(folder)/%v.m3u8",
      ]
    }
    return arguments + [
      "-hls_list_size", "\(listed)", "-hls_flags", "program_date_time+independent_segments",
      "-hls_segment_filename", "\(folder)/segment%05d\(fileExtension(format))",
      "\(folder)/live.m3u8",
    ]
  }

  private static func master(_ format: Format) -> String {
    let variant =
      format == .sound
      ? "BANDWIDTH=80000,CODECS=\"mp4a.40.2\""
      : "BANDWIDTH=400000,RESOLUTION=320x240,CODECS=\"avc1.42c00d,mp4a.40.2\""
    return """
      #EXTM3U
      #EXT-X-STREAM-INF:\(variant)
      live.m3u8

      """
  }
}
