import Media

/// Whether what FFmpeg puts out in a mode is what can be captured.
struct FFmpegTracks {
  enum Verdict: Hashable {
    case unknown
    case fits
    case `try`(FFmpegCommand.Mode)
  }

  private let mode: FFmpegCommand.Mode
  private var scanner = TransportChunkScanner()

  init(_ mode: FFmpegCommand.Mode) { self.mode = mode }

  mutating func judge(_ bytes: [UInt8], isEnough: Bool) -> Verdict {
    guard mode == .copy else { return .fits }
    scanner.feed(bytes) { _ in }
    let types = scanner.streamTypes
    if types.isEmpty { return isEnough ? .fits : .unknown }
    let hasPicture = types.contains { TransportTypes.picture.contains($0) }
    let isKnown = types.allSatisfy {
      TransportTypes.picture.contains($0) || TransportTypes.sound.contains($0)
    }
    if isKnown { return .fits }
    return .try(hasPicture ? .encodedSound : .ogg)
  }
}
