public import Base

/// Something that can be captured: where it is and how to read it.
public struct StreamDefinition: Codable, Hashable, Sendable {
  public var id: StreamID
  /// What people call it.
  public var name: String
  /// `http://` or `https://` addresses in order of preference; at least one. May hold a user and a
  /// password, so they pass the `Redactor` before they are logged.
  public var urls: [String]
  /// Sent as User-Agent where the server asks for a particular one.
  public var userAgent: String?
  /// Further request headers.
  public var headers: [String: String]
  /// HLS: the tallest picture that is wanted, in lines; nil takes the best variant.
  public var maximumHeight: Int?
  /// HLS: the most that a variant may need, in bits per second.
  public var maximumBitsPerSecond: Int?

  public init(
    id: StreamID, name: String, urls: [String], userAgent: String? = nil,
    headers: [String: String] = [:], maximumHeight: Int? = nil, maximumBitsPerSecond: Int? = nil
  ) {
    self.id = id
    self.name = name
    self.urls = urls
    self.userAgent = userAgent
    self.headers = headers
    self.maximumHeight = maximumHeight
    self.maximumBitsPerSecond = maximumBitsPerSecond
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

  public init(
    stream: StreamID, node: NodeID, state: CaptureState, reason: String? = nil, since: Instant,
    codec: String? = nil, bitsPerSecond: Int? = nil, title: String? = nil, height: Int? = nil
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
  }
}
