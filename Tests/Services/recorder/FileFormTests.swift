import Base
import Messages
import Testing

@testable import airloom_recorder

struct FileFormTests {
  typealias Material = FileForm.Material

  static func frames(_ sound: SoundCoding, isUniform: Bool = true) -> Material {
    Material(sound: sound, isUniform: isUniform, isFrames: true)
  }

  static func media(
    _ sound: SoundCoding?, picture: Bool = true, isUniform: Bool = true
  ) -> Material {
    Material(sound: sound, hasPicture: picture, isUniform: isUniform)
  }

  @Test(arguments: [
    // What the tape holds, what is asked for, what comes of it.
    (frames(.mp3), RecordingFormat.source, FileForm.Container.mp3, FileForm.Encoder?.none),
    (frames(.aac), .source, .m4a, nil), (frames(.mp2), .source, .frames(.mp2), nil),
    (frames(.opus), .source, .opus, nil), (frames(.vorbis), .source, .ogg, nil),
    (frames(.flac), .source, .flac, nil), (frames(.mp3), .mp3, .mp3, nil),
    (frames(.aac), .mp3, .mp3, .mp3), (frames(.aac), .aac, .m4a, nil),
    (frames(.mp3), .aac, .m4a, .aac), (frames(.mp3), .flac, .flac, .flac),
    (frames(.mp3), .opus, .opus, .opus), (frames(.mp3), .mp4, .mp4, nil),
    (frames(.vorbis), .mp4, .mp4, .aac), (frames(.mp2), .mkv, .mkv, nil),
    (frames(.aac), .ts, .ts, nil), (frames(.opus), .ts, .ts, .aac),
    // A stream that changed its coding is encoded as one.
    (frames(.aac, isUniform: false), .source, .m4a, .aac),
    (frames(.mp3, isUniform: false), .source, .mp3, .mp3),
    (frames(.mp2, isUniform: false), .source, .mp3, .mp3),
    (frames(.mp3, isUniform: false), .mkv, .mkv, .aac),
    (media(.aac), .source, .mp4, nil), (media(.aac), .mkv, .mkv, nil), (media(.aac), .ts, .ts, nil),
    (media(.aac), .aac, .m4a, nil), (media(.aac), .mp3, .mp3, .mp3),
    (media(.mp2), .mp4, .mp4, .aac), (media(nil), .source, .mp4, nil),
    (media(.aac, isUniform: false), .source, .ts, nil),
    (media(.aac, isUniform: false), .mp4, .ts, nil),
    (media(.aac, picture: false), .source, .m4a, nil),
    (media(.mp3, picture: false), .source, .mp3, nil),
    (media(.aac, picture: false, isUniform: false), .source, .ts, nil),
  ])
  func `What the file is follows from what is asked and what is there`(
    _ material: Material, _ format: RecordingFormat, _ container: FileForm.Container,
    _ encoder: FileForm.Encoder?
  ) {
    let form = FileForm(format, of: material, isLevelled: false)
    #expect(form.container == container && form.encoder == encoder)
  }

  @Test(arguments: RecordingFormat.allCases, SoundCoding.allCases)
  func `Where a loudness is asked for nothing is copied, and a picture always`(
    _ format: RecordingFormat, _ sound: SoundCoding
  ) {
    for material in [Self.frames(sound), Self.media(sound), Self.media(sound, picture: false)] {
      let form = FileForm(format, of: material, isLevelled: true)
      #expect(form.encoder != nil)
      #expect(form.coding(bitsPerSecond: nil).prefix(2) == ["-c:v", "copy"])
    }
  }

  @Test func `Sound alone is asked for and no picture is in the file`() {
    for format in [RecordingFormat.mp3, .aac, .flac, .opus] {
      #expect(!FileForm(format, of: Self.media(.aac), isLevelled: false).hasPicture)
    }
    #expect(FileForm(.mkv, of: Self.media(.aac), isLevelled: false).hasPicture)
    #expect(!FileForm(.mkv, of: Self.frames(.mp3), isLevelled: false).hasPicture)
  }

  @Test func `Bit rates keep to what an encoder takes`() {
    let form = FileForm(.opus, of: Self.frames(.mp3), isLevelled: false)
    #expect(form.coding(bitsPerSecond: 9_000_000).contains("510000"))
    #expect(form.coding(bitsPerSecond: 64_000).contains("64000"))
    #expect(
      !FileForm(.flac, of: Self.frames(.mp3), isLevelled: false).coding(bitsPerSecond: 64_000)
        .contains("-b:a"))
  }

  @Test func `Names of codings in playlists are known`() {
    let known: [(Substring, SoundCoding?)] = [
      ("mp4a.40.2", .aac), ("mp4a.40.34", .mp3), ("mp4a.6B", .mp3), ("ac-3", .ac3), ("ec-3", .eac3),
      ("Opus", .opus), ("fLaC", .flac), ("avc1.64001f", nil), ("hvc1.1.6", nil),
    ]
    for (name, coding) in known { #expect(SoundCoding(named: name) == coding) }
  }

  @Test func `The track is the days since 2020`() {
    #expect(FileTags.track("2020-01-01") == 0)
    #expect(FileTags.track("2020-03-01") == 60)
    #expect(FileTags.track("2026-11-21") == 2516)
    for wrong in ["2019-12-31", "", "2026-13-01", "today", "2026-11"] {
      #expect(FileTags.track(wrong) == nil)
    }
  }
}
