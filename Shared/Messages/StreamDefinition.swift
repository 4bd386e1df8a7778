public import Base

/// Something that can be captured: where it is and how to read it.
public struct StreamDefinition: Codable, Hashable, Sendable {
  public var id: StreamID
  /// What people call it.
  public var name: String
  /// Addresses in order of preference; at least one. May hold a user and a password, so they pass the
  /// `Redactor` before they are logged.
  public var urls: [String]
  /// How the addresses are read; nil: as the address itself says (`SourceKind`).
  public var source: SourceKind?
  /// Sent as User-Agent where the server asks for a particular one.
  public var userAgent: String?
  /// Further request headers.
  public var headers: [String: String]
  /// HLS, DASH: the tallest picture that is wanted, in lines; nil takes the best variant.
  public var maximumHeight: Int?
  /// HLS, DASH: the most that a variant may need, in bits per second.
  public var maximumBitsPerSecond: Int?
  /// HLS, DASH: the language of its sound, such as `de` (RFC 5646), where several are offered; nil: what
  /// players take.
  public var soundLanguage: String?
  /// Page addresses: what is asked of the resolver, such as `best`, `720p` or `audio`; nil is `best`.
  public var quality: String?
  /// FFmpeg's name of the demuxer or device where the address does not tell it, such as `alsa`.
  public var inputFormat: String?
  /// Only recorders that have all of these tags may capture it, such as a site or a network.
  public var tags: [String]?
  /// A second recorder captures it too; nil is false.
  public var isDoubled: Bool?
  /// How much of its tape is kept; nil: what the recorder's settings say.
  public var retention: TapeRetention?

  public init(
    id: StreamID, name: String, urls: [String], source: SourceKind? = nil,
    userAgent: String? = nil, headers: [String: String] = [:], maximumHeight: Int? = nil,
    maximumBitsPerSecond: Int? = nil, soundLanguage: String? = nil, quality: String? = nil,
    inputFormat: String? = nil, tags: [String]? = nil, isDoubled: Bool? = nil,
    retention: TapeRetention? = nil
  ) {
    self.id = id
    self.name = name
    self.urls = urls
    self.source = source
    self.userAgent = userAgent
    self.headers = headers
    self.maximumHeight = maximumHeight
    self.maximumBitsPerSecond = maximumBitsPerSecond
    self.soundLanguage = soundLanguage
    self.quality = quality
    self.inputFormat = inputFormat
    self.tags = tags
    self.isDoubled = isDoubled
    self.retention = retention
  }
}

/// Who reads a stream's addresses.
public enum SourceKind: String, Codable, Hashable, Sendable, CaseIterable {
  /// We do: HTTP audio, playlists, HLS, DASH.
  case http
  /// FFmpeg, without encoding: RTMP, RTSP, SRT, UDP, RTP, a device.
  case ffmpeg
  /// The address is a page; yt-dlp or streamlink say where its stream is.
  case page
}

/// Bounds of a tape; the oldest goes first. nil: without bound.
public struct TapeRetention: Codable, Hashable, Sendable {
  /// What ended longer ago than this may go, in seconds.
  public var maximumAgeSeconds: Int?
  public var maximumBytes: Int64?

  public init(maximumAgeSeconds: Int? = nil, maximumBytes: Int64? = nil) {
    self.maximumAgeSeconds = maximumAgeSeconds
    self.maximumBytes = maximumBytes
  }
}

/// What a source turned out to be, as its own bytes or ffprobe tell.
public struct SourceDescription: Codable, Hashable, Sendable {
  /// Such as `mp3`, `adts`, `ogg`, `mpegts`, `fmp4`.
  public var container: String?
  /// Such as `mp3`, `aac`, `opus`, `h264`; sound and picture.
  public var codecs: [String]
  public var bitsPerSecond: Int?
  /// Of the sound, Hz.
  public var sampleRate: Int?
  public var channels: Int?
  /// Of the picture, where there is one.
  public var width: Int?
  public var height: Int?
  public var framesPerSecond: Double?
  /// What the station calls itself (ICY name, Vorbis comment).
  public var station: String?

  public init(
    container: String? = nil, codecs: [String] = [], bitsPerSecond: Int? = nil,
    sampleRate: Int? = nil, channels: Int? = nil, width: Int? = nil, height: Int? = nil,
    framesPerSecond: Double? = nil, station: String? = nil
  ) {
    self.container = container
    self.codecs = codecs
    self.bitsPerSecond = bitsPerSecond
    self.sampleRate = sampleRate
    self.channels = channels
    self.width = width
    self.height = height
    self.framesPerSecond = framesPerSecond
    self.station = station
  }
}

/// How well a stream is being captured.
public struct StreamHealth: Codable, Hashable, Sendable {
  /// 0 (nothing comes) to 100 (all is well).
  public var score: Int
  /// One sentence for each thing that lowered it; empty at 100.
  public var reasons: [String]

  public init(score: Int, reasons: [String] = []) {
    self.score = score
    self.reasons = reasons
  }
}

/// How a stream's capture is doing.
public enum CaptureState: String, Codable, Hashable, Sendable, CaseIterable {
  /// Nobody needs the stream now.
  case idle
  case connecting
  /// Frames arrive and are stored.
  case capturing
  /// Connected, but no frames arrive.
  case stalled
  /// The source failed; the next try is set.
  case waiting
  /// Frames arrive and cannot be stored (disk full, folder not writable); they are kept in memory.
  case blocked
}

/// What a recorder says about one of its captures.
public struct CaptureStatus: Codable, Hashable, Sendable {
  public var stream: StreamID
  public var node: NodeID
  public var state: CaptureState
  /// One sentence where the state is not `capturing` or `idle`.
  public var reason: String?
  public var since: Instant
  /// Such as `mp3` or `aac`, once known.
  public var codec: String?
  public var bitsPerSecond: Int?
  /// The title that the stream announces (ICY StreamTitle).
  public var title: String?
  /// Lines of the picture; nil where there is none or it is not known.
  public var height: Int?
  public var source: SourceDescription?
  public var health: StreamHealth?
  /// Which of the stream's addresses is captured, counted from 0.
  public var address: Int?

  public init(
    stream: StreamID, node: NodeID, state: CaptureState, reason: String? = nil, since: Instant,
    codec: String? = nil, bitsPerSecond: Int? = nil, title: String? = nil, height: Int? = nil,
    source: SourceDescription? = nil, health: StreamHealth? = nil, address: Int? = nil
  ) {
    self.stream = stream
    self.node = node
    self.state = state
    self.reason = reason
    self.since = since
    self.codec = codec
    self.bitsPerSecond = bitsPerSecond
    self.title = title
    self.height = height
    self.source = source
    self.health = health
    self.address = address
  }
}
