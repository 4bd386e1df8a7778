import Base
import Media
import Testing

@testable import airloom_recorder

struct TapePathTests {
  static let start = Instant("2026-11-21T19:00:04.012345Z") ?? .epoch

  @Test func `A segment's path tells stream, hour, start and sequence`() {
    #expect(
      TapePath.path(.radio, start: Self.start, sequence: 42, codec: .mp3)
        == "radio/2026/11/21/19/20261121T190004.012345Z-00000042.mp3")
  }

  @Test(arguments: AudioCodec.allCases) func `Its name is read back`(_ codec: AudioCodec) {
    let name = TapePath.name(start: Self.start, sequence: 123_456_789, codec: codec)
    let expected = TapePath.Name(
      start: Self.start, sequence: 123_456_789, codec: codec, isPart: false)
    #expect(TapePath.parse(name) == expected)
    #expect(TapePath.parse(name + ".part")?.isPart == true)
  }

  @Test(arguments: [
    "", ".", "x.mp3", "20261121T190004.012345Z-1.exe", "20261121T190004.012345Z.mp3",
    "20261321T190004.012345Z-1.mp3", "20261121T190004.012345-1.mp3", "a-1.mp3",
    "20261121T190004.012345Z--1.mp3", "20261121T190004.012345Z-1.mp3.part.part",
  ])
  func `Anything else is no segment`(_ name: String) { #expect(TapePath.parse(name) == nil) }
}

struct RecordingNameTests {
  @Test(arguments: [
    ("Show", 1, "Show.mp3"), ("Show", 3, "Show (3).mp3"),
    ("../../etc/passwd", 1, "-..-etc-passwd.mp3"),
    ("a/b\n\u{7F}", 1, "a-b--.mp3"), ("", 1, "recording.mp3"), ("...", 1, "recording.mp3"),
    (" Ä ", 1, "Ä.mp3"),
  ])
  func `A recording's name is safe`(_ wish: String, _ number: Int, _ name: String) {
    #expect(RecordingName.candidate(wish, fileExtension: "mp3", number: number) == name)
  }

  @Test func `A long name is cut between characters`() {
    let name = RecordingName.candidate(
      String(repeating: "é", count: 300), fileExtension: "mp3", number: 12)
    #expect(name.utf8.count < 255)
    #expect(name.hasSuffix("é (12).mp3"))
  }
}
