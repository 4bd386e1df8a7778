import Base
import Media

/// Names of a tape's files, both ways: `<stream>/YYYY/MM/DD/HH/<UTC start>-<seq>.<ext>` below the
/// tape folder, with `.part` behind it while the file is being written, and `.held` behind it while
/// nobody knows where on the tape its frames belong.
///
/// The start stands in the name to the microsecond, so that a file whose row was lost in a crash
/// can be put back into its place.
enum TapePath {
  static let partSuffix = ".part"
  static let heldSuffix = ".held"

  /// `radio/2026/11/21/19/20261121T190004.012345Z-00000042.mp3`
  static func path(
    _ stream: StreamID, start: Instant, sequence: Int64, codec: AudioCodec
  ) -> String {
    let folder = start.formatted(date: "/", between: "/", time: "/").split(separator: "/").prefix(4)
    return "\(stream)/\(folder.joined(separator: "/"))/"
      + name(start: start, sequence: sequence, codec: codec)
  }

  static func name(start: Instant, sequence: Int64, codec: AudioCodec) -> String {
    start.formatted(date: "", between: "T", time: "") + "."
      + padded(start.microsecondsOfSecond, 6) + "Z-" + padded(Int(sequence), 8) + "."
      + codec.fileExtension
  }

  struct Name: Hashable, Sendable {
    let start: Instant
    let sequence: Int64
    let codec: AudioCodec
    let isPart: Bool
    var isHeld = false
  }

  /// nil for anything that is not a segment's name.
  static func parse(_ name: String) -> Name? {
    let isPart = name.hasSuffix(partSuffix)
    let isHeld = name.hasSuffix(heldSuffix)
    let suffix = isPart ? partSuffix : isHeld ? heldSuffix : ""
    let whole = name.dropLast(suffix.count)
    guard let dot = whole.lastIndex(of: "."), let dash = whole[..<dot].lastIndex(of: "-"),
      let codec = AudioCodec(fileExtension: String(whole[whole.index(after: dot)...])),
      let sequence = Int64(whole[whole.index(after: dash)..<dot]), sequence >= 0,
      let start = instant(whole[..<dash])
    else { return nil }
    return Name(start: start, sequence: sequence, codec: codec, isPart: isPart, isHeld: isHeld)
  }

  /// `20261121T190004.012345Z`
  private static func instant(_ text: Substring) -> Instant? {
    let characters = Array(text)
    guard characters.count == 23, characters[8] == "T", characters[22] == "Z" else { return nil }
    func part(_ from: Int, _ count: Int) -> String { String(characters[from..<from + count]) }
    return Instant(
      "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(9, 2)):\(part(11, 2)):\(part(13, 10))")
  }
}
