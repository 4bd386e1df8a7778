import Base

/// The last part of a media segment's or an initialisation section's address; says all that is
/// needed to make it.
struct MediaName: Hashable, Sendable {
  enum Container: String, Sendable {
    case transportStream = "ts"
    case fragmentedMP4 = "m4s"
    /// As stored: AAC frames with a time in front.
    case packedAudio = "aac"
    /// What stands before the fragments.
    case initialisation = "mp4"
  }

  var sequence: Int64
  var startUs: Int64
  var piece = 0
  var pieces = 1
  var container: Container

  init(sequence: Int64, startUs: Int64, container: Container) {
    self.sequence = sequence
    self.startUs = startUs
    self.container = container
  }

  /// `<sequence>-<start µs>[-<piece>of<pieces>].<extension>`; nil for everything else.
  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let container = Container(rawValue: String(parts[1])) else {
      return nil
    }
    let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    guard numbers.count == 2 || numbers.count == 3,
      let sequence = MediaName.number(numbers[0]), let start = MediaName.number(numbers[1])
    else { return nil }
    self.init(sequence: sequence, startUs: start, container: container)
    guard numbers.count == 3 else { return }
    let pair = numbers[2].split(separator: "o", omittingEmptySubsequences: false)
    guard pair.count == 2, pair[1].first == "f", let piece = MediaName.number(pair[0]),
      let pieces = MediaName.number(pair[1].dropFirst()), piece < pieces, pieces <= 1000
    else { return nil }
    self.piece = Int(piece)
    self.pieces = Int(pieces)
  }

  var start: Instant { Instant(microseconds: startUs) }

  private static func number(_ text: Substring) -> Int64? {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), text.utf8.count <= 18 else {
      return nil
    }
    return Int64(text)
  }
}
