import Base
import Media
import TestSupport
import Testing

@testable import airloom_recorder

struct SourceReaderTests {
  /// Feeds a body in pieces; what the reader finally says.
  static func read(_ body: [UInt8], piece: Int = 1000) -> (String, SourceReader) {
    var reader = SourceReader()
    for start in stride(from: 0, to: body.count, by: piece) {
      let finding = reader.take(Array(body[start..<min(start + piece, body.count)])) { _ in }
      if case .audio = finding { continue }
      return (describe(finding), reader)
    }
    return (describe(reader.finish { _ in }), reader)
  }

  static func describe(_ finding: SourceReader.Finding) -> String {
    switch finding {
    case .audio: "audio"
    case .moved(let url): "moved to \(url)"
    case .resolved(let source): "resolved to \(source.url)"
    case .hls: "an HLS playlist"
    case .unusable(let failure): failure.sentence
    }
  }

  @Test func `Audio is audio`() {
    let (said, reader) = Self.read(NumberedFrames().frames(0..<50))
    #expect(said == "audio" && reader.frames == 50)
  }

  @Test func `A list leads to its first stream, whatever it calls itself`() {
    let (said, _) = Self.read(Array("#EXTM3U\n#EXTINF:-1,Radio\nhttp://a.test/live\n".utf8))
    #expect(said == "moved to http://a.test/live")
  }

  @Test(arguments: [
    ("<html><body>Sold out</body></html>", "a web page"), ("OggS" + "\0\0", "an Ogg stream"),
    ("#EXTM3U\n# nothing\n", "a playlist that names no stream"),
  ])
  func `What cannot be captured is named`(_ body: String, _ name: String) {
    let (said, _) = Self.read(Array(body.utf8))
    #expect(said.contains("answers with \(name)"), "\(said)")
  }

  @Test func `An HLS playlist is one, whatever it calls itself`() {
    let (said, _) = Self.read(Array("#EXTM3U\n#EXT-X-TARGETDURATION:6\n".utf8))
    #expect(said == "an HLS playlist")
  }

  @Test func `Endless noise is given up after 128 KiB`() {
    var generator = SplitMix64(seed: 5)
    let noise = (0..<300_000).map { _ in UInt8.random(in: 0..<0xF0, using: &generator) }
    let (said, _) = Self.read(noise)
    #expect(said.contains("no MP3 or AAC audio is found"), "\(said)")
  }

  @Test func `A free-format stream is refused by name`() {
    let frame: [UInt8] = [0xFF, 0xFB, 0x00, 0x00] + [UInt8](repeating: 0, count: 396)
    let (said, _) = Self.read((0..<400).flatMap { _ in frame })
    #expect(said.contains("free-format"), "\(said)")
  }
}
