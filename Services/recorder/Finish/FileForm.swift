import Media
import Messages

/// How sound is coded, as far as it matters for containers.
enum SoundCoding: String, Hashable, Sendable, CaseIterable {
  case mp1, mp2, mp3, aac, opus, vorbis, flac, ac3, eac3
  case other

  init(_ codec: AudioCodec) { self = SoundCoding(rawValue: codec.rawValue) ?? .other }

  /// By its name in a playlist (RFC 6381); nil for what is no sound.
  init?(named name: Substring) {
    let name = name.lowercased()
    switch name.prefix(4) {
    case "mp4a":
      // 0x69 and 0x6B are MPEG-1 and 2 layer III, as is object type 34 of MPEG-4.
      self = ["mp4a.40.34", "mp4a.69", "mp4a.6b"].contains(name) ? .mp3 : .aac
    case "ac-3": self = .ac3
    case "ec-3": self = .eac3
    case "opus": self = .opus
    case "flac": self = .flac
    case "vorb": self = .vorbis
    default: return nil
    }
  }
}

/// What a recording's file is: its container, and whether sound is copied into it or encoded. A
/// picture is always copied. A value.
///
/// | format | container | sound |
/// | --- | --- | --- |
/// | source | what fits: MP3 `.mp3`, AAC `.m4a`, Opus `.opus`, FLAC `.flac`, Vorbis `.ogg`, picture `.mp4` | copied |
/// | mp3, aac, flac, opus | `.mp3`, `.m4a`, `.flac`, `.opus`; without a picture | copied where it is that, else encoded |
/// | mp4, mkv, ts | `.mp4`, `.mkv`, `.ts` | copied where the container takes it, else encoded |
///
/// Where a loudness is wanted, sound is encoded in every case. Where the coding changed within the
/// window, frames are encoded as one, and segments with a picture become `.ts`, which may change its
/// coding midway.
struct FileForm: Hashable, Sendable {
  enum Container: Hashable, Sendable {
    case mp3, m4a, mp4, flac, opus, ogg, mkv, ts
    /// Frames one behind the other, without a container and tags.
    case frames(SoundCoding)
  }

  enum Encoder: Hashable, Sendable { case mp3, aac, flac, opus }

  /// What the tape holds of the window.
  struct Material: Hashable, Sendable {
    /// nil: there is no sound, or nothing is known of it.
    var sound: SoundCoding?
    var hasPicture = false
    /// It is of one coding from beginning to end.
    var isUniform = true
    /// Bare frames, not media segments.
    var isFrames = false
  }

  let container: Container
  /// nil: copied.
  let encoder: Encoder?
  let hasPicture: Bool

  init(_ format: RecordingFormat, of material: Material, isLevelled: Bool) {
    let sound = material.sound ?? .other
    let isMixed = material.isFrames && !material.isUniform
    container = FileForm.container(format, sound, material)
    hasPicture =
      switch container {
      case .mp4, .mkv, .ts: material.hasPicture
      default: false
      }
    let fits = FileForm.fitting(container).contains(sound) || container == .frames(sound)
    let isUnknown = material.sound == nil && hasPicture
    encoder = (fits || isUnknown) && !isLevelled && !isMixed ? nil : FileForm.encoder(container)
  }

  /// As it is on the tape: for when FFmpeg does not do it.
  init(plain container: Container, hasPicture: Bool = false) {
    self.container = container
    encoder = nil
    self.hasPicture = hasPicture
  }

  private static func container(
    _ format: RecordingFormat, _ sound: SoundCoding, _ material: Material
  ) -> Container {
    switch format {
    case .mp3: .mp3
    case .aac: .m4a
    case .flac: .flac
    case .opus: .opus
    case .mp4 where material.hasPicture && !material.isUniform: .ts
    case .mp4: .mp4
    case .mkv where material.hasPicture && !material.isUniform: .ts
    case .mkv: .mkv
    case .ts: .ts
    case .source: natural(sound, material)
    }
  }

  private static func natural(_ sound: SoundCoding, _ material: Material) -> Container {
    if material.hasPicture {
      return material.isUniform && sound != .vorbis ? .mp4 : material.isUniform ? .mkv : .ts
    }
    if !material.isFrames, !material.isUniform { return .ts }
    switch sound {
    case .mp3: return .mp3
    // Layers I and II have no tagged container that players know.
    case .mp1, .mp2: return material.isUniform ? .frames(sound) : .mp3
    case .aac, .ac3, .eac3: return .m4a
    case .opus: return .opus
    case .flac: return .flac
    case .vorbis: return .ogg
    case .other: return material.isFrames ? .mp3 : .m4a
    }
  }

  private static func fitting(_ container: Container) -> Set<SoundCoding> {
    switch container {
    case .mp3: [.mp3]
    case .m4a: [.aac, .ac3, .eac3]
    case .mp4: [.aac, .mp3, .ac3, .eac3, .opus, .flac]
    case .flac: [.flac]
    case .opus: [.opus]
    case .ogg: [.vorbis, .opus, .flac]
    case .mkv: Set(SoundCoding.allCases).subtracting([.other])
    case .ts: [.mp1, .mp2, .mp3, .aac, .ac3, .eac3]
    case .frames: []
    }
  }

  private static func encoder(_ container: Container) -> Encoder {
    switch container {
    case .mp3, .frames: .mp3
    case .m4a, .mp4, .mkv, .ts: .aac
    case .flac: .flac
    case .opus, .ogg: .opus
    }
  }
}

extension FileForm {
  var fileExtension: String {
    switch container {
    case .mp3: "mp3"
    case .m4a: "m4a"
    case .mp4: "mp4"
    case .flac: "flac"
    case .opus: "opus"
    case .ogg: "ogg"
    case .mkv: "mkv"
    case .ts: "ts"
    case .frames(.vorbis), .frames(.flac): "ogg"
    case .frames(let sound): sound == .other ? "bin" : sound.rawValue
    }
  }

  var contentType: String {
    switch container {
    case .mp3, .frames(.mp3), .frames(.mp2), .frames(.mp1): "audio/mpeg"
    case .m4a: "audio/mp4"
    case .mp4: hasPicture ? "video/mp4" : "audio/mp4"
    case .flac: "audio/flac"
    case .opus, .ogg, .frames(.opus), .frames(.vorbis), .frames(.flac): "audio/ogg"
    case .mkv: hasPicture ? "video/x-matroska" : "audio/x-matroska"
    case .ts: "video/mp2t"
    case .frames(.aac): "audio/aac"
    case .frames: "application/octet-stream"
    }
  }

  /// Whether a picture can be embedded in it.
  var takesCover: Bool {
    switch container {
    case .mp3, .m4a, .mp4, .flac, .mkv: true
    case .opus, .ogg, .ts, .frames: false
    }
  }

  /// Whether it has chapters that players know.
  var takesChapters: Bool {
    switch container {
    case .mp3, .m4a, .mp4, .mkv, .opus, .ogg: true
    case .flac, .ts, .frames: false
    }
  }

  /// FFmpeg's options for coding the sound; a picture is copied.
  func coding(bitsPerSecond: Int?) -> [String] {
    guard let encoder else { return ["-c", "copy"] }
    func rate(_ standard: Int, _ range: ClosedRange<Int>) -> [String] {
      let wanted = bitsPerSecond ?? standard
      return ["-b:a", "\(min(max(wanted, range.lowerBound), range.upperBound))"]
    }
    return ["-c:v", "copy"]
      + {
        switch encoder {
        case .mp3: ["-c:a", "libmp3lame"] + rate(192_000, 32_000...320_000)
        case .aac: ["-c:a", "aac"] + rate(160_000, 32_000...512_000)
        case .opus: ["-c:a", "libopus"] + rate(128_000, 16_000...510_000)
        case .flac: ["-c:a", "flac"]
        }
      }()
  }

  /// FFmpeg's name of what reads it.
  var demuxer: String {
    switch container {
    case .mp3, .frames(.mp3), .frames(.mp2), .frames(.mp1): "mp3"
    case .m4a, .mp4: "mov"
    case .flac: "flac"
    case .opus, .ogg, .frames(.opus), .frames(.vorbis), .frames(.flac): "ogg"
    case .mkv: "matroska"
    case .ts: "mpegts"
    case .frames: "aac"
    }
  }

  /// FFmpeg's options for the container.
  var muxing: [String] {
    switch container {
    case .m4a: ["-movflags", "+faststart", "-f", "ipod"]
    case .mp4: ["-movflags", "+faststart", "-f", "mp4"]
    case .flac: ["-f", "flac"]
    case .opus: ["-f", "opus"]
    case .ogg: ["-f", "ogg"]
    case .mkv: ["-f", "matroska"]
    case .ts: ["-f", "mpegts"]
    // A Xing frame would be one frame more than was broadcast; an encoder's priming needs it.
    case .mp3: ["-write_xing", encoder == nil ? "0" : "1", "-id3v2_version", "3", "-f", "mp3"]
    case .frames: ["-f", "data"]
    }
  }
}
