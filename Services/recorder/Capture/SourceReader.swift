import Base
import HTTPClient
import Media

/// What one connection's bytes are: tells a playlist from audio, takes the titles out, finds the
/// frames. A value that lives as long as the connection.
struct SourceReader {
  enum Finding {
    /// Nothing yet, or frames, which are in `scanner`.
    case audio
    /// The address is a list; the stream is at this one.
    case moved(String)
    /// The address is a page; its stream is there.
    case resolved(ResolvedSource)
    /// The address is an HLS playlist or a DASH manifest.
    case hls
    case unusable(SourceFailure)
  }

  /// A piece of a transport stream, with the tables for a file that begins with it.
  struct Chunk {
    var chunk: TransportChunkScanner.Chunk
    var tables: [UInt8]
  }

  /// So many bytes without a frame are no audio.
  static let patience: Int64 = 128 << 10
  /// The same of a transport stream, whose tables come rarely.
  static let transportPatience: Int64 = 8 << 20

  private(set) var scanner = FrameScanner()
  /// The newest title that the stream announced.
  private(set) var title: String?
  /// Per channel, of the frames that came after it.
  private(set) var samplesSinceTitle: Int64 = 0
  private(set) var contentType: String?
  private(set) var frames: Int64 = 0
  /// Where the sound stands on the connection.
  let map: RestartMap

  /// Where the source is a transport stream.
  private(set) var transport: TransportChunkScanner?
  private var chunks: [Chunk] = []
  /// Of the transport stream in whose midst the reading begins.
  private var tables: [UInt8] = []

  private var icy = ICYDeinterleaver(interval: nil)
  private var kind = ContentKind.unknown
  private var isResolved = false
  private var base: String?
  /// Where the address is a list: what else it names, in order.
  private(set) var fallbacks: [String] = []
  /// Whether the source has answered.
  private(set) var hasHead = false
  private var firstBytes: [UInt8] = []
  private var received: Int64 = 0

  init(map: RestartMap = RestartMap()) { self.map = map }

  /// What the head alone tells; `audio` where the bytes must tell.
  mutating func take(_ head: HTTPHead) -> Finding {
    contentType = head.headers["Content-Type"]
    isResolved = ResolvedSource.isHead(head)
    hasHead = true
    base = head.url
    let interval = max(0, head.headers["icy-metaint"].flatMap { Int($0) } ?? 0)
    icy = ICYDeinterleaver(interval: interval)
    map.titles(interval: interval, rest: interval)
    kind = contentType.map { ContentSniffer.kind(ofContentType: $0) } ?? .unknown
    switch kind {
    case .html, .mp4:
      return .unusable(.unusable(kind, contentType: contentType))
    case .hls, .dash: return .hls
    case .transportStream:
      transport = TransportChunkScanner(tables: tables)
      return .audio
    case .mpegAudio, .adts, .ogg, .playlist, .unknown: return .audio
    }
  }

  var isOgg: Bool { scanner.format?.codec.isOgg ?? false }
  /// FFmpeg's name for what came.
  var demuxer: String { scanner.format?.codec.demuxer ?? "mp3" }

  /// The reading begins in the midst of a stream: the header pages of an Ogg stream, the tables of a
  /// transport stream.
  mutating func begin(behind preamble: [UInt8], tables: [UInt8]) {
    scanner = FrameScanner(preamble: preamble)
    self.tables = tables
  }

  /// Reads on in the middle of a connection, after its head.
  mutating func resume(at bookmark: LineBookmark) {
    title = bookmark.title
    guard let rest = bookmark.icyRest else { return }
    icy.resume(audio: rest)
    map.resume(audio: rest)
  }

  /// Takes bytes of the body; calls back for each piece of audio that was scanned.
  mutating func take(
    _ bytes: [UInt8], scanned: (borrowing FrameScanner) -> Void
  ) -> Finding {
    received += Int64(bytes.count)
    defer { map.advance(bytes.count) }
    if transport != nil { return takeTransport(bytes) }
    if frames == 0, isResolved || firstBytes.count < StreamPlaylist.largest { firstBytes += bytes }
    if isResolved { return .audio }
    if kind == .playlist { return readPlaylist(isWhole: false) }
    var found = Int64(0)
    var scanner = FrameScanner()
    swap(&scanner, &self.scanner)
    var title = self.title
    var since = samplesSinceTitle
    bytes.withUnsafeBytes { bytes in
      icy.feed(
        bytes,
        audio: { audio in
          if let start = audio.baseAddress, let origin = bytes.baseAddress {
            map.note(audio.count, at: start - origin)
          }
          scanner.feed(audio)
          title = scanner.title ?? title
          found += Int64(scanner.frames.count)
          since += scanner.frames.reduce(0) { $0 + Int64($1.samples) }
          scanned(scanner)
        },
        metadata: { metadata in
          if metadata.title != title { since = 0 }
          title = metadata.title
        })
    }
    swap(&scanner, &self.scanner)
    self.title = title
    samplesSinceTitle = since
    frames += found
    if frames > 0 {
      firstBytes = []
      return .audio
    }
    return received < SourceReader.patience ? .audio : judge()
  }

  /// The connection is over: what is left is scanned, a list is read.
  mutating func finish(scanned: (borrowing FrameScanner) -> Void) -> Finding {
    if isResolved {
      return ResolvedSource(body: firstBytes).map { .resolved($0) }
        ?? .unusable(.unusable(.unknown, contentType: contentType))
    }
    if kind == .playlist { return readPlaylist(isWhole: true) }
    if transport != nil { return finishTransport() }
    scanner.finish()
    frames += Int64(scanner.frames.count)
    scanned(scanner)
    return frames > 0 ? .audio : judge()
  }

  /// No frame was found in what came.
  private mutating func judge() -> Finding {
    let content = firstBytes.withUnsafeBytes { ContentSniffer.kind(ofContent: $0) }
    switch content {
    case .playlist:
      kind = .playlist
      return readPlaylist(isWhole: true)
    case .hls, .dash: return .hls
    case .ogg:
      return .unusable(
        scanner.refusal.map { .noFrames($0) } ?? .unusable(.ogg, contentType: contentType))
    case .transportStream:
      transport = TransportChunkScanner(tables: tables)
      return scanTransport(firstBytes)
    case .html, .mp4:
      return .unusable(.unusable(content, contentType: contentType))
    case .mpegAudio, .adts, .unknown: return .unusable(.noFrames(scanner.refusal))
    }
  }

  /// The pieces of a transport stream since the last call.
  mutating func takeChunks() -> [Chunk] {
    defer { chunks = [] }
    return chunks
  }

  private mutating func takeTransport(_ bytes: [UInt8]) -> Finding {
    map.note(bytes.count, at: 0)
    return scanTransport(bytes)
  }

  private mutating func scanTransport(_ bytes: [UInt8]) -> Finding {
    guard var transport else { return .audio }
    self.transport = nil
    var found: [TransportChunkScanner.Chunk] = []
    transport.feed(bytes) { found.append($0) }
    chunks += found.map { Chunk(chunk: $0, tables: transport.tables) }
    frames = transport.units
    if frames > 0 { firstBytes = [] }
    self.transport = transport
    return frames > 0 || received < SourceReader.transportPatience
      ? .audio : .unusable(.noTransport(contentType))
  }

  private mutating func finishTransport() -> Finding {
    guard var transport else { return .audio }
    var last: TransportChunkScanner.Chunk?
    transport.finish { last = $0 }
    if let last { chunks.append(Chunk(chunk: last, tables: transport.tables)) }
    self.transport = transport
    return frames > 0 ? .audio : .unusable(.noTransport(contentType))
  }

  private mutating func readPlaylist(isWhole: Bool) -> Finding {
    guard isWhole || firstBytes.count >= StreamPlaylist.largest else { return .audio }
    switch firstBytes.withUnsafeBytes({ ContentSniffer.kind(ofContent: $0) }) {
    case .hls, .dash: return .hls
    default: break
    }
    let addresses = StreamPlaylist.addresses(in: firstBytes, from: base)
    fallbacks = Array(addresses.dropFirst())
    return addresses.first.map { .moved($0) }
      ?? .unusable(.unusable(.playlist, contentType: contentType))
  }
}
