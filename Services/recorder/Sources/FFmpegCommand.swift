import Base
import HTTPClient
import Subprocess

/// How FFmpeg is asked to read a source and to hand it on unchanged. A value.
///
/// The address never stands on the command line, where every user of the machine could read its
/// password: it is the one line of a list (FFmpeg's `ffconcat`) that FFmpeg reads from its standard
/// input. FFmpeg may open only the protocols and formats of that kind of address, and no files.
struct FFmpegCommand: Hashable, Sendable {
  /// What comes out; the first that fits is kept.
  enum Mode: Hashable, Sendable, CaseIterable {
    /// Sound and picture as they are, in a transport stream.
    case copy
    /// The picture as it is; the sound, which a transport stream does not take, as AAC.
    case encodedSound
    /// Sound alone that a transport stream does not take, as it is, in Ogg.
    case ogg
    /// Raw sound, without loss, in Ogg.
    case flac
    /// Raw pictures of a device.
    case encoded

    var contentType: String {
      switch self {
      case .copy, .encodedSound, .encoded: "video/mp2t"
      case .ogg, .flac: "audio/ogg"
      }
    }
  }

  let url: String
  let mode: Mode
  private let device: String?
  private let options: [(name: String, value: String)]

  static func == (one: FFmpegCommand, other: FFmpegCommand) -> Bool {
    one.url == other.url && one.mode == other.mode && one.device == other.device
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(url)
    hasher.combine(mode)
  }

  /// - Parameters:
  ///   - url: where the request's address was replaced by one that means the same.
  ///   - certificates: a file (PEM) that servers' certificates are checked against in place of the
  ///     system's; empty: the system's.
  init(_ request: SourceRequest, mode: Mode, url: String? = nil, certificates: String = "") {
    self.url = url ?? request.url
    self.mode = mode
    let scheme = SourceRoute.scheme(request.url)
    device = scheme == "device" ? request.inputFormat : nil
    var options: [(String, String)] = []
    switch scheme {
    // Sound and picture in the connection itself: nothing is lost on the way, and firewalls let it by.
    case "rtsp", "rtsps": options.append(("rtsp_transport", "tcp"))
    case "udp": options += [("fifo_size", "100000"), ("overrun_nonfatal", "1")]
    case "http", "https":
      options.append(("user_agent", request.http.userAgent))
      options += Self.headers(request).map { ("headers", "\($0.name): \($0.value)") }
    default: break
    }
    if Self.checksCertificates(scheme) {
      options.append(("tls_verify", "1"))
      if !certificates.isEmpty { options.append(("ca_file", certificates)) }
    }
    self.options = options
  }

  /// Whether FFmpeg can be told to check the server's certificate. What FFmpeg 5.1 reads by `rtsps` and
  /// `rtmpts` hands no such option on: it is encrypted, and its server may be anybody.
  static func checksCertificates(_ scheme: String) -> Bool {
    scheme == "https" || scheme == "rtmps"
  }

  /// Those of the stream's definition.
  static func headers(_ request: SourceRequest) -> [(name: String, value: String)] {
    request.http.headers.fields.filter { $0.name.lowercased() != "icy-metadata" }
      .map { (name: $0.name, value: $0.value) }
  }

  /// nil where FFmpeg can be asked.
  static func objection(_ request: SourceRequest) -> String? {
    if headers(request).count > 1 {
      return "FFmpeg takes one further header at most: leave the others out."
    }
    if SourceRoute.scheme(request.url) == "device", request.url.dropFirst(7).hasPrefix("-") {
      return "A device's name does not begin with a dash."
    }
    if request.url.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      return "The address holds a line break or control character."
    }
    return nil
  }

  /// What FFmpeg reads from its standard input; empty for a device.
  var list: String {
    if device != nil { return "" }
    let lines = options.map { "option \($0.name) \(Self.quoted($0.value))\n" }
    return "ffconcat version 1.0\nfile \(Self.quoted(url))\n" + lines.joined()
  }

  var child: ChildCommand {
    var arguments = ["-hide_banner", "-nostats", "-loglevel", "warning", "-nostdin"]
    if let device {
      arguments += ["-f", device, "-i", String(url.dropFirst("device:".count))]
    } else {
      arguments += [
        "-protocol_whitelist", protocols.joined(separator: ","), "-format_whitelist",
        formats.joined(separator: ","), "-f", "concat", "-safe", "0", "-i", "pipe:0",
      ]
    }
    var command = ChildCommand("ffmpeg", arguments + output + ["pipe:1"])
    command.input = device == nil ? .pipe : .null
    command.output = .pipe(capacity: 1 << 20)
    command.errors = .tail(limit: 8 << 10)
    return command
  }

  private var output: [String] {
    switch mode {
    case .copy:
      ["-map", "0:v:0?", "-map", "0:a?", "-c", "copy"] + completion + Self.transport
    case .encodedSound:
      ["-map", "0:v:0?", "-map", "0:a?", "-c:v", "copy", "-c:a", "aac", "-b:a", "192k"]
        + completion + Self.transport
    case .encoded:
      [
        "-map", "0:v:0?", "-map", "0:a?", "-c:v", "libx264", "-preset", "veryfast", "-g", "50",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k",
      ] + Self.transport
    case .ogg: ["-map", "0:a:0", "-c", "copy"] + Self.ogg
    case .flac: ["-map", "0:a:0", "-c:a", "flac"] + Self.ogg
    }
  }

  /// RTP has no decoding times, and FFmpeg loses the first picture's presentation time: it gives up on
  /// such a picture where others are shown out of order (B pictures), though it can tell the decoding
  /// times once it has the others. The first picture gets the time at which decoding begins, at most half
  /// a second before the next one.
  private var completion: [String] {
    guard ["rtsp", "rtsps"].contains(SourceRoute.scheme(url)) else { return [] }
    return [
      "-bsf:v", "setts=dts=NOPTS:pts=if(eq(PTS\\,NOPTS)\\,max(DTS\\,NEXT_PTS-0.5/TB)\\,PTS)",
    ]
  }

  /// Nothing waits in FFmpeg for more to come.
  private static let transport = [
    "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "-f", "mpegts",
  ]
  private static let ogg = ["-page_duration", "200000", "-flush_packets", "1", "-f", "ogg"]

  private var protocols: [String] {
    let own: [String] =
      switch SourceRoute.scheme(url) {
      case "http": ["http", "https", "tcp", "tls", "crypto"]
      case "https": ["https", "http", "tcp", "tls", "crypto"]
      case "rtmp": ["rtmp", "tcp"]
      case "rtmps": ["rtmps", "rtmp", "tls", "tcp"]
      case "rtmpt": ["rtmpt", "ffrtmphttp", "http", "tcp"]
      case "rtmpts": ["rtmpts", "ffrtmphttp", "https", "tls", "tcp"]
      case "rtsp", "rtsps": ["rtp", "udp", "tcp", "tls", "srtp"]
      case "srt": ["srt"]
      case "udp": ["udp"]
      case "rtp": ["rtp", "udp", "srtp"]
      default: []
      }
    return ["pipe"] + own
  }

  private var formats: [String] {
    let own: [String] =
      switch SourceRoute.scheme(url) {
      case "rtmp", "rtmps", "rtmpt", "rtmpts": ["flv", "live_flv"]
      case "rtsp", "rtsps": ["rtsp", "sdp", "rtp", "mpegts"]
      case "srt", "udp", "rtp":
        ["mpegts", "rtp", "sdp", "flv", "matroska,webm", "aac", "mp3", "ogg"]
      default:
        [
          "dash", "mov,mp4,m4a,3gp,3g2,mj2", "mov", "matroska,webm", "matroska", "webm",
          "webm_dash_manifest",
          "mpegts", "flv", "aac", "mp3", "ogg", "flac", "wav", "hls", "asf",
        ]
      }
    return ["concat"] + own
  }

  /// Within single quotes of FFmpeg's own kind.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}
