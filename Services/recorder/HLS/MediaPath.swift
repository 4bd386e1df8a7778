import Base
import Media

/// Names of a tape's files that are an HLS stream's segments:
/// `<stream>/YYYY/MM/DD/HH/<UTC start>-<seq>-m<the station's number>.<ext>`, `.part` behind it while
/// the file is being written; and of initialisation sections: `<stream>/init/<SHA-256>.mp4`.
enum MediaPath {
  struct Name: Hashable {
    let start: Instant
    let sequence: Int64
    let mediaSequence: Int64
    let isPart: Bool
  }

  static func path(
    _ stream: StreamID, start: Instant, sequence: Int64, mediaSequence: Int64,
    container: SegmentInspection.Container
  ) -> String {
    // The same as a frame file's, up to its ending.
    let frames = TapePath.path(stream, start: start, sequence: sequence, codec: .mp3)
    return frames.dropLast(".mp3".utf8.count) + "-m\(mediaSequence)." + fileExtension(container)
  }

  /// nil for anything that is not such a segment's name.
  static func parse(_ name: String) -> Name? {
    let isPart = name.hasSuffix(TapePath.partSuffix)
    let whole = isPart ? String(name.dropLast(TapePath.partSuffix.count)) : name
    guard let dot = whole.lastIndex(of: "."), let mark = whole[..<dot].lastIndex(of: "-"),
      whole[mark...].hasPrefix("-m"),
      let number = Int64(whole[whole.index(mark, offsetBy: 2)..<dot]), number >= 0,
      let frames = TapePath.parse(whole[..<mark] + ".mp3")
    else { return nil }
    return Name(
      start: frames.start, sequence: frames.sequence, mediaSequence: number, isPart: isPart)
  }

  static func initialisation(_ stream: StreamID, sha256: String) -> String {
    "\(initialisationFolder(stream))/\(sha256).mp4"
  }

  static func initialisationFolder(_ stream: StreamID) -> String { "\(stream)/init" }

  static func fileExtension(_ container: SegmentInspection.Container) -> String {
    switch container {
    case .transportStream: "ts"
    case .fragmentedMP4: "m4s"
    case .packedAAC: "aac"
    case .packedMP3: "mp3"
    }
  }
}
