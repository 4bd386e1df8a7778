import Base

/// How a playlist is wanted: the container of its segments, what stands for a hole, and the key that
/// its addresses carry.
struct PlaylistStyle: Hashable, Sendable {
  enum Container: String, Sendable {
    /// What players without Media Source take: MPEG-TS for bare frames, everything else as stored.
    case native
    /// For Media Source players.
    case fragmentedMP4 = "fmp4"
  }

  var container = Container.native
  /// EXT-X-GAP in place of holes, so that the playlist's time runs through.
  var showsGaps = false
  /// A signed link's key; its holder has no cookie.
  var key: String?

  /// `/live/<stream>/segments/<node>/<sequence>-<start µs>[-<piece>of<pieces>].<ext>`
  func appendAddress(of entry: PlaylistEntry, _ stream: StreamID, to text: inout PlaylistText) {
    let segment = entry.segment
    text.text("/live/\(stream)/segments/\(segment.node)/".utf8)
    text.number(segment.sequence)
    text.text("-".utf8)
    text.number(segment.startUs)
    if entry.pieces > 1 { text.text("-\(entry.piece)of\(entry.pieces)".utf8) }
    text.text(".".utf8)
    text.text(fileExtension(of: segment).utf8)
    if let key { text.text("?key=\(key)".utf8) }
    text.text("\n".utf8)
  }

  /// nil where the segments need no initialisation section.
  func initialisation(of entry: PlaylistEntry, _ stream: StreamID) -> String? {
    let suffix = key.map { "?key=\($0)" } ?? ""
    if let hash = entry.segment.initialisation {
      return "/live/\(stream)/init/\(entry.segment.node)/\(hash).mp4\(suffix)"
    }
    guard container == .fragmentedMP4 || entry.segment.isOgg else { return nil }
    let run = entry.run
    return "/live/\(stream)/init/\(run.node)/\(run.sequence)-\(run.startUs).mp4\(suffix)"
  }

  func fileExtension(of segment: TapeSegment) -> String {
    if segment.container == "fmp4" || segment.isOgg || container == .fragmentedMP4 { return "m4s" }
    return segment.container == "packed-aac" ? "aac" : "ts"
  }
}
