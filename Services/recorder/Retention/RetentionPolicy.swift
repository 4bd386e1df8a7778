import Base
import Messages

/// Which pieces of tapes may go, the oldest first. A value; what it is shown is already free of
/// everything that must stay.
///
/// Three reasons: older than the tape's bound; more than the tape's, or all tapes' bytes; and, when
/// the disk is about to be full, windows whose recordings are finished and delivered. What no
/// recording has taken is never removed for want of space, only by the bounds that a person has set.
struct RetentionPolicy: Sendable {
  struct Bounds: Hashable, Sendable {
    var age: Duration?
    var bytes: Int64?

    init(age: Duration? = nil, bytes: Int64? = nil) {
      self.age = age
      self.bytes = bytes
    }

    /// What the stream says, else what the settings say.
    init(_ retention: TapeRetention?, defaults: Bounds) {
      guard let retention else {
        self = defaults
        return
      }
      age = retention.maximumAgeSeconds.map { .seconds($0) }
      bytes = retention.maximumBytes
    }
  }

  /// A segment that might go.
  struct Piece: Hashable, Sendable {
    var stream: StreamID
    var sequence: Int64
    var start: Instant
    var end: Instant
    var bytes: Int64
    /// Below the tape folder.
    var path: String
  }

  enum Reason: String, Hashable, Sendable, CaseIterable {
    case age, size, space

    /// What the ledger says of what went.
    var sentence: String {
      switch self {
      case .age: "It was older than what is kept of this tape."
      case .size: "The tape was larger than what is kept of it."
      case .space: "The disk was about to be full, and the recording made of it was delivered."
      }
    }
  }

  /// Nothing younger goes, whatever the bounds: a reconnect is joined to it, and it is being read.
  static let youngest = Duration.seconds(600)
  /// A recording that failed may be tried again by a person for so long.
  static let grace = Duration.seconds(7 * 86_400)

  var defaults = Bounds()
  /// Of all tapes together.
  var totalBytes: Int64?

  /// Of one tape, by its own bounds: `pieces` are its oldest, in order; `newest` is the one that is
  /// never removed, because the tape's numbers go on from it.
  func due(
    _ pieces: [Piece], of bounds: Bounds, holding bytes: Int64, newest: Int64?, now: Instant
  ) -> [(piece: Piece, reason: Reason)] {
    var rest = bytes
    var due: [(Piece, Reason)] = []
    for piece in pieces where mayGo(piece, newest, now) {
      if let age = bounds.age, piece.end <= now - age {
        due.append((piece, .age))
      } else if let most = bounds.bytes, rest > most {
        due.append((piece, .size))
      } else {
        continue
      }
      rest -= piece.bytes
    }
    return due
  }

  /// Of all tapes, while they hold more than they may together; the oldest of all go first.
  func due(
    ofAll pieces: [Piece], holding bytes: Int64, newest: [StreamID: Int64], now: Instant
  ) -> [Piece] {
    guard let totalBytes else { return [] }
    var rest = bytes
    return pieces.sorted { ($0.start, $0.stream) < ($1.start, $1.stream) }.filter { piece in
      guard rest > totalBytes, mayGo(piece, newest[piece.stream], now) else { return false }
      rest -= piece.bytes
      return true
    }
  }

  /// In want of space: what lies wholly in a window that is settled, until `bytes` are free.
  func early(
    _ pieces: [Piece], in window: TimeSpan, bytes: Int64, newest: Int64?, now: Instant
  ) -> [Piece] {
    var rest = bytes
    return pieces.filter { piece in
      guard rest > 0, mayGo(piece, newest, now), piece.start >= window.start,
        piece.end <= window.end
      else { return false }
      rest -= piece.bytes
      return true
    }
  }

  private func mayGo(_ piece: Piece, _ newest: Int64?, _ now: Instant) -> Bool {
    piece.sequence != newest && piece.end <= now - RetentionPolicy.youngest
  }
}
