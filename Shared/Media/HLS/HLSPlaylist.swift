/// An HLS playlist (RFC 8216, draft-pantos-hls-rfc8216bis) as it was read: either a list of variants
/// or a list of media segments.
///
/// Reading is total: whatever stands in the file, it ends with a playlist or an error, in time and
/// memory bounded by the limits. A line that makes no sense is skipped rather than guessed at,
/// because a live stream must not be lost to one bad line of its playlist.
public enum HLSPlaylist: Hashable, Sendable {
  case master(HLSMasterPlaylist)
  case media(HLSMediaPlaylist)

  /// Larger ones are refused; a day of four-second segments takes about 2 MB.
  public static let largest = 10 << 20
  public static let mostLines = 100_000

  /// - Parameter query: of the playlist's own address, decoded, for `EXT-X-DEFINE:QUERYPARAM`.
  /// - Parameter imported: what the master playlist defined, for `EXT-X-DEFINE:IMPORT`.
  public init(
    _ bytes: [UInt8], query: [String: String] = [:], imported: [String: String] = [:]
  ) throws(HLSPlaylistError) {
    guard bytes.count <= HLSPlaylist.largest else { throw .tooLarge }
    var reader = HLSPlaylistReader(query: query, imported: imported)
    var lines = 0
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
      lines += 1
      guard lines <= HLSPlaylist.mostLines else { throw .tooLarge }
      try reader.take(HLSPlaylist.trimmed(bytes[start..<end]))
      start = end + 1
    }
    self = try reader.finish()
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
    var line = line.drop(while: isSpace)
    while let last = line.last, isSpace(last) { line.removeLast() }
    return line
  }
}

/// Why something is no playlist.
public enum HLSPlaylistError: Error, Hashable, Sendable, CustomStringConvertible {
  /// It does not begin with `#EXTM3U`.
  case notAPlaylist
  case tooLarge

  public var description: String {
    switch self {
    case .notAPlaylist: "what came is no HLS playlist: it does not begin with #EXTM3U"
    case .tooLarge:
      "the playlist is larger than \(HLSPlaylist.largest >> 20) MB or has more than "
        + "\(HLSPlaylist.mostLines) lines"
    }
  }
}
