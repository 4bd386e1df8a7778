/// The addresses by which other servers name the same playlists, so that players which know those
/// work unchanged.
enum PlaylistAlias: Equatable {
  case span(start: String, duration: String)
  /// Live, with so many seconds to go back.
  case rewind(seconds: Int)

  /// `archive-<utc>-<seconds or now>.m3u8`, `index-<utc>-<seconds>.m3u8` and `rewind-<seconds>.m3u8`
  /// as Flussonic has them; `playlist_dvr_range-<utc>-<seconds>.m3u8` as Nimble Streamer does.
  init?(_ file: String) {
    guard file.hasSuffix(".m3u8") else { return nil }
    let parts = file.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
      .map(String.init)
    switch (parts.first, parts.count) {
    case ("archive", 3), ("index", 3), ("playlist_dvr_range", 3):
      self = .span(start: parts[1], duration: parts[2])
    case ("rewind", 2):
      guard let seconds = Int(parts[1]) else { return nil }
      self = .rewind(seconds: seconds)
    default: return nil
    }
  }
}
