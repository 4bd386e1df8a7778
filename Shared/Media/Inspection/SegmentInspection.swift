internal import Base

/// What a media segment is found to be by looking into it; nothing in it is taken on trust.
public struct SegmentInspection: Hashable, Sendable {
  public enum Container: String, Hashable, Sendable, CaseIterable {
    case transportStream = "mpegts"
    case fragmentedMP4 = "fmp4"
    /// Frames without a container, with ID3 tags before them (RFC 8216 §3.4).
    case packedAAC = "packed-aac"
    case packedMP3 = "packed-mp3"
  }

  public var container: Container
  /// Media time of the first picture, else of the first sound; nil where there is none.
  public var start: Duration?
  /// From the timestamps: of the picture where there is one, else of the sound.
  public var duration: Duration?
  /// RFC 6381; nil where no track was recognised.
  public var codecs: String?
  /// Lines of the picture.
  public var height: Int?
  /// It can be played without the one before it.
  public var isIndependent = true

  public init(container: Container) { self.container = container }
}

/// Why a segment is not what it should be.
public struct SegmentFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// A part of a sentence: "the segment …".
  public let description: String

  init(_ description: String) { self.description = description }
}

extension SegmentInspection {
  /// Looks into a whole segment. `initialisation`: the section that its playlist names for it.
  ///
  /// - Throws: where it is cut off, or is no media segment at all.
  public static func inspect(
    _ bytes: [UInt8], initialisation: [UInt8]? = nil
  ) throws(SegmentFault) -> SegmentInspection {
    guard !bytes.isEmpty else { throw SegmentFault("is empty") }
    if initialisation != nil || FragmentInspector.isLikely(bytes) {
      return try FragmentInspector.inspect(bytes, initialisation: initialisation ?? [])
    }
    if bytes[0] == TransportStreamInspector.syncByte {
      return try TransportStreamInspector.inspect(bytes)
    }
    return try PackedAudioInspector.inspect(bytes)
  }
}

/// Frames of AAC or MP3 behind an ID3 tag, in which the media time stands.
enum PackedAudioInspector {
  static func inspect(_ bytes: [UInt8]) throws(SegmentFault) -> SegmentInspection {
    var scanner = FrameScanner()
    scanner.feed(bytes)
    var frames = scanner.frames
    scanner.finish()
    frames += scanner.frames
    guard let format = frames.first?.format else {
      throw SegmentFault("holds neither MPEG-TS nor fragmented MP4 nor frames of AAC or MP3")
    }
    var inspection = SegmentInspection(
      container: format.codec == .aac ? .packedAAC : .packedMP3)
    inspection.codecs = format.codec == .aac ? "mp4a.40.2" : "mp4a.40.34"
    inspection.duration = format.duration(
      ofSamples: frames.reduce(0) { $0 + Int64($1.samples) })
    inspection.start = timestamp(bytes)
    return inspection
  }

  /// `PRIV:com.apple.streaming.transportStreamTimestamp`: 33 bits of 90 kHz, in eight bytes.
  private static func timestamp(_ bytes: [UInt8]) -> Duration? {
    let owner = Array("com.apple.streaming.transportStreamTimestamp".utf8) + [0]
    let head = bytes.prefix(4096)
    guard head.count > owner.count + 8 else { return nil }
    for start in 0...(head.count - owner.count - 8)
    where head[start] == owner[0] && head[start..<start + owner.count].elementsEqual(owner) {
      let value = head[(start + owner.count)...].prefix(8).reduce(Int64(0)) {
        $0 << 8 | Int64($1)
      }
      return MediaTicks.duration(value & 0x1_FFFF_FFFF, perSecond: 90_000)
    }
    return nil
  }
}

/// Media time as containers count it.
enum MediaTicks {
  static func duration(_ ticks: Int64, perSecond rate: Int64) -> Duration {
    guard rate > 0 else { return .zero }
    return .seconds(ticks / rate) + .microseconds(ticks % rate * 1_000_000 / rate)
  }
}
