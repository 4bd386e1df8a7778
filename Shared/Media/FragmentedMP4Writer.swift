public import Base

/// Puts audio frames into fragmented MP4 (ISO/IEC 14496-12, CMAF): an initialisation section for a
/// format, and fragments whose decode time is the time of the tape since the Unix epoch, in samples.
public enum FragmentedMP4Writer {
  /// What stands before the fragments of one format.
  public static func initialisation(of audio: AudioFrames) throws(MediaWritingError) -> [UInt8] {
    let description = try sampleDescription(of: audio)
    let rate = UInt32(audio.format.sampleRate)
    let output = BoxWriter()
    output.box("ftyp") { $0.text("iso6").number(UInt32(0)).text("iso6cmfcmp41") }
    output.box("moov") { moov in
      moov.fullBox("mvhd") { box in
        box.zeros(8).number(UInt32(1000)).zeros(4).number(UInt32(0x1_0000))
        box.number(UInt16(0x100)).zeros(10).matrix().zeros(24).number(UInt32(2))
      }
      moov.box("trak") { trak in
        // Enabled, in the movie, in the preview.
        trak.fullBox("tkhd", flags: 7) { box in
          box.zeros(8).number(UInt32(1)).zeros(8).zeros(8).zeros(4)
          box.number(UInt16(0x100)).zeros(2).matrix().zeros(8)
        }
        trak.box("mdia") { mdia in
          // Language "und".
          mdia.fullBox("mdhd") {
            $0.zeros(8).number(rate).zeros(4).number(UInt16(0x55C4)).zeros(2)
          }
          mdia.fullBox("hdlr") {
            $0.zeros(4).text("soun").zeros(12).text("Airloom").zeros(1)
          }
          mdia.box("minf") { minf in
            minf.fullBox("smhd") { $0.zeros(4) }
            minf.box("dinf") { dinf in
              dinf.fullBox("dref") { dref in
                dref.number(UInt32(1))
                // In this file itself.
                dref.fullBox("url ", flags: 1) { _ in }
              }
            }
            minf.box("stbl") { stbl in
              stbl.fullBox("stsd") {
                $0.number(UInt32(1)).bytes(description)
              }
              // The samples stand in the fragments.
              stbl.fullBox("stts") { $0.zeros(4) }
              stbl.fullBox("stsc") { $0.zeros(4) }
              stbl.fullBox("stco") { $0.zeros(4) }
              stbl.fullBox("stsz") { $0.zeros(8) }
            }
          }
        }
      }
      moov.box("mvex") { mvex in
        mvex.fullBox("trex") {
          $0.number(UInt32(1)).number(UInt32(1)).zeros(12)
        }
      }
    }
    return output.content
  }

  /// One fragment. `start` is the time of the whole's first sample, of which `audio` may be a piece;
  /// `sequence` is the segment's number on the tape.
  public static func fragment(
    _ audio: AudioFrames, start: Instant, sequence: Int64
  ) throws(MediaWritingError) -> [UInt8] {
    guard !audio.frames.isEmpty else { return [] }
    try check(audio)
    // An MP4 tells once what each ADTS header repeats.
    let isADTS = audio.format.codec == .aac
    let samples = audio.frames.map { frame in
      (frame: frame, skipped: isADTS ? ADTSHeader.length(audio.bytes, frame.start) : 0)
    }
    let time = decodeTime(start, rate: audio.format.sampleRate) + audio.precedingSamples
    let output = BoxWriter()
    output.box("styp") { $0.text("msdh").number(UInt32(0)).text("msdhcmfs") }
    let moofStart = output.content.count
    var offsetPlace = 0
    output.box("moof") { moof in
      moof.fullBox("mfhd") {
        $0.number(UInt32(truncatingIfNeeded: sequence))
      }
      moof.box("traf") { traf in
        // Offsets count from the moof; the duration and the flags hold for all samples.
        traf.fullBox("tfhd", flags: 0x02_0028) {
          $0.number(UInt32(1)).number(UInt32(audio.frames.first?.samples ?? 0))
            .number(UInt32(0x0200_0000))
        }
        traf.fullBox("tfdt", version: 1, flags: 0) { $0.number(UInt64(max(0, time))) }
        traf.fullBox("trun", flags: 0x201) { trun in
          trun.number(UInt32(samples.count))
          offsetPlace = trun.content.count
          trun.zeros(4)
          for sample in samples { trun.number(UInt32(sample.frame.length - sample.skipped)) }
        }
      }
    }
    // The samples begin behind the header of the mdat.
    output.patch(UInt32(output.content.count - moofStart + 8), at: offsetPlace)
    output.box("mdat") { mdat in
      for (frame, skipped) in samples {
        mdat.bytes(audio.bytes[frame.start + skipped..<frame.start + frame.length])
      }
    }
    return output.content
  }

  /// Samples since the Unix epoch, to the nearest.
  static func decodeTime(_ start: Instant, rate: Int) -> Int64 {
    let rate = Int64(rate)
    return start.microseconds / 1_000_000 * rate
      + (start.microseconds % 1_000_000 * rate + 500_000) / 1_000_000
  }

  private static func check(_ audio: AudioFrames) throws(MediaWritingError) {
    guard audio.format.codec == .aac else { return }
    if audio.format.channels == 0 { throw MediaWritingError(kind: .layoutInsideFrames) }
    if audio.frames.contains(where: { $0.samples != 1024 }) {
      throw MediaWritingError(kind: .severalBlocks)
    }
  }

  /// `mp4a` with the elementary stream descriptor (14496-12 §12.2.3, 14496-14 §5.6).
  private static func sampleDescription(
    of audio: AudioFrames
  ) throws(MediaWritingError) -> [UInt8] {
    try check(audio)
    var decoder: [UInt8] = [objectType(of: audio.format), 0x15] + [UInt8](repeating: 0, count: 11)
    if audio.format.codec == .aac, let first = audio.frames.first {
      let specific = ADTSHeader.audioSpecificConfig(audio.bytes, first.start)
      decoder += descriptor(0x05, specific)
    }
    let stream = [0, 1, 0] + descriptor(0x04, decoder) + descriptor(0x06, [0x02])
    let box = BoxWriter()
    box.box("mp4a") { entry in
      entry.zeros(6).number(UInt16(1)).zeros(8)
      entry.number(UInt16(audio.format.channels)).number(UInt16(16)).zeros(4)
      // 16.16; rates above 65,535 Hz cannot be told here, and nobody reads them here.
      entry.number(UInt32(min(audio.format.sampleRate, 65_535)) << 16)
      entry.fullBox("esds") { $0.bytes(descriptor(0x03, stream)) }
    }
    return box.content
  }

  private static func descriptor(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    [tag, UInt8(content.count)] + content
  }

  /// 14496-1 Table 5: MPEG-4 audio, MPEG-1 audio, MPEG-2 audio.
  private static func objectType(of format: FrameFormat) -> UInt8 {
    switch format.codec {
    case .aac: 0x40
    case .mp3, .mp2, .mp1: format.sampleRate >= 32_000 ? 0x6B : 0x69
    case .vorbis, .opus, .flac: preconditionFailure("pages of Ogg are no bare frames")
    }
  }
}
