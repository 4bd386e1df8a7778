import Base
import Messages

/// The folders of a stream's tape, one for each hour, and which of them a crash can have touched.
struct TapeHours {
  let root: String

  /// Never fewer than these, whatever their times say.
  static let newest = 3
  /// Segments of a station may be labelled this long before they came (HLS lists of a day).
  static let longestList = Duration.seconds(24 * 3600)
  /// The recorder notes every few seconds that it lives; the clock may have been set since.
  static let margin = Duration.seconds(600)

  /// `aliveAt`: when the recorder was last known to live, by the clock that it had then; nil where
  /// nothing is known, which means all. `newest`: folders of the last rows, whose files are looked for
  /// also where the folder is gone.
  func touched(of stream: StreamID, aliveAt: Instant?, newest: [String]) -> [String] {
    let all = all(of: stream)
    guard let aliveAt else { return Set(all + newest).sorted() }
    let oldest = stream.text + "/" + TapeHours.name(of: aliveAt - TapeHours.longestList)
    let touched = all.filter { folder in
      folder >= oldest
        && FolderListing.modified(root + "/" + folder).map { $0 > aliveAt - TapeHours.margin }
          ?? true
    }
    return Set(touched + all.suffix(TapeHours.newest) + newest).sorted()
  }

  /// `radio/2026/11/21/19`, oldest first.
  func all(of stream: StreamID) -> [String] {
    var level = [stream.text]
    for depth in 1...4 {
      level = level.flatMap { folder in
        FolderListing.names(in: root + "/" + folder)
          .filter { $0.allSatisfy(\.isNumber) && $0.utf8.count == (depth == 1 ? 4 : 2) }
          .map { folder + "/" + $0 }
      }
    }
    return level.sorted()
  }

  /// `2026/11/21/19`
  static func name(of instant: Instant) -> String {
    instant.formatted(date: "/", between: "/", time: "/").split(separator: "/").prefix(4)
      .joined(separator: "/")
  }
}
