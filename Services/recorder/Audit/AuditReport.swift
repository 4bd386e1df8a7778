import Base
import FoundationEssentials
import Messages

/// What an audit found. A value.
struct AuditReport: Encodable, Hashable, Sendable {
  struct Difference: Encodable, Hashable, Sendable {
    enum Kind: String, Encodable, Hashable, Sendable, CaseIterable {
      /// The books have a segment whose file is not there.
      case missingFile = "missing-file"
      /// A file that the books do not have.
      case extraFile = "extra-file"
      case wrongSize = "wrong-size"
      case wrongFrames = "wrong-frames"
      case wrongDuration = "wrong-duration"
      /// The name says another time or place than the books.
      case wrongLabel = "wrong-label"
      /// The content is not what was written.
      case wrongHash = "wrong-hash"
      /// Bytes that belong to no frame.
      case damaged
      /// Two files hold the same time.
      case overlap
      /// Wanted time that is in no file and of which the books give no cause.
      case uncovered
      /// The books miss time that is in a file.
      case gapWithSound = "gap-with-sound"
      /// The books count time that is in no file.
      case soundWithoutFile = "sound-without-file"
      case unreadable
    }

    var kind: Kind
    var stream: StreamID
    /// Below the tape folder.
    var path: String?
    var start: Instant?
    var end: Instant?
    var sentence: String
  }

  struct Tape: Encodable, Hashable, Sendable {
    var stream: StreamID
    var files = 0
    var bytes: Int64 = 0
    var wantedUs: Int64 = 0
    var capturedUs: Int64 = 0
    var gapUs: Int64 = 0
    var unknownUs: Int64 = 0
    /// Files that the recorder is still at work on; nothing is said of these.
    var inProgress = 0
    /// Segments whose hash was not taken when they were written.
    var withoutHash = 0
  }

  var node: NodeID
  /// The recorder was at work meanwhile.
  var isLive: Bool
  /// Contents were not read.
  var isFast: Bool
  var tapes: [Tape] = []
  var differences: [Difference] = []
  var seconds = 0.0

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// A line for each tape and each difference.
  var text: String {
    var lines = tapes.map { tape in
      func seconds(_ microseconds: Int64) -> String {
        "\(microseconds / 1_000_000).\(String(1000 + microseconds / 1000 % 1000).dropFirst()) s"
      }
      var line =
        "\(tape.stream): \(tape.files) files, \(tape.bytes) bytes; wanted \(seconds(tape.wantedUs)), "
        + "captured \(seconds(tape.capturedUs)), missing \(seconds(tape.gapUs))"
      if tape.unknownUs > 0 { line += ", unexplained \(seconds(tape.unknownUs))" }
      if tape.inProgress > 0 { line += "; \(tape.inProgress) files in progress" }
      if tape.withoutHash > 0 { line += "; \(tape.withoutHash) files without a hash" }
      return line
    }
    lines += differences.map { "\($0.kind.rawValue): \($0.sentence)" }
    let speed = Double(tapes.reduce(0) { $0 + $1.bytes }) / 1e6 / max(seconds, 0.001)
    lines.append(
      differences.isEmpty
        ? "The books and the files agree" + (isFast ? " (contents were not read)." : ".")
        : "\(differences.count) differences between the books and the files.")
    if !isFast { lines.append("Read at \(Int(speed)) MB/s.") }
    if isLive { lines.append("The recorder is at work; what it writes now was left out.") }
    return lines.joined(separator: "\n")
  }
}
