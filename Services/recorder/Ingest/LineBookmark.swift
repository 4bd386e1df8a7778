import Media

/// How a recorder reads on from a line's release offset, kept by the ingest for it: the offset is that
/// of the first byte of the first frame of a segment.
struct LineBookmark: Hashable, Codable, Sendable {
  /// The segment's. Of this connection, the tape can hold frames in segments from this one on only.
  var sequence: Int64
  /// Bytes of sound before the next block of titles; nil where there are none.
  var icyRest: Int?
  /// Whether the segment follows the one before it without a gap.
  var joins: Bool
  /// The newest title that the station said before.
  var title: String?
}

/// Decides up to where a line is not needed any more, from the segments that were begun and stored. A
/// value that lives as long as the connection.
struct LineMarks {
  struct Mark: Hashable {
    var offset: Int64
    var bookmark: LineBookmark
  }

  private var marks: [Mark] = []

  /// A segment begins. Returns what to release at once, before the first frame of it is written: from
  /// then on a restart knows how many frames of this connection the tape has.
  mutating func began(_ mark: Mark) -> Mark? {
    marks.append(mark)
    return marks.count == 1 ? mark : nil
  }

  /// Everything up to that segment is on disk with its row. Returns what to release, where that is news.
  mutating func stored(upTo sequence: Int64) -> Mark? {
    let before = marks.count
    // The last one stays: what follows its segment's frames has no mark yet.
    while marks.count > 1, marks[0].bookmark.sequence <= sequence { marks.removeFirst() }
    return marks.count < before ? marks[0] : nil
  }
}
