import Base
import Media
import Testing

struct ICYTests {
  struct Title: CustomTestStringConvertible, Sendable {
    let name: String
    let block: [UInt8]
    let title: String?
    var url: String?
    var testDescription: String { name }
  }

  static let titles: [Title] = [
    Title(
      name: "title and URL", block: Array("StreamTitle='A - B';StreamUrl='http://x/';\0\0".utf8),
      title: "A - B", url: "http://x/"),
    Title(
      name: "quotes inside", block: Array("StreamTitle='It's 'it'; isn't it';".utf8),
      title: "It's 'it'; isn't it"),
    Title(
      name: "a title that ends with a quote", block: Array("StreamTitle='Rock 'n'';".utf8),
      title: "Rock 'n'"),
    Title(name: "empty title", block: Array("StreamTitle='';".utf8), title: nil),
    Title(name: "no closing quote", block: Array("StreamTitle='cut off".utf8), title: "cut off"),
    Title(
      name: "other names first", block: Array("adw_ad='true';StreamTitle='x';".utf8), title: "x"),
    Title(
      name: "UTF-8", block: Array("StreamTitle='Björk – Jóga';".utf8), title: "Björk – Jóga"),
    Title(
      name: "Latin-1", block: Array("StreamTitle='Bj".utf8) + [0xF6] + Array("rk';".utf8),
      title: "Björk"),
    Title(name: "nothing", block: [], title: nil),
    Title(name: "garbage", block: [0xFF, 0x00, 0x27, 0x3B], title: nil),
  ]

  @Test(arguments: titles)
  func `A metadata block is read`(_ example: Title) {
    let metadata = ICYMetadata(block: example.block)
    #expect(metadata.title == example.title)
    #expect(metadata.url == example.url)
  }

  static let interval = 700
  static let audio = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  /// A body with a title after every third interval, and the titles.
  static func interleaved() -> (body: [UInt8], titles: [String]) {
    var body: [UInt8] = []
    var titles: [String] = []
    for (index, start) in stride(from: 0, to: audio.count, by: interval).enumerated() {
      let piece = audio[start..<min(start + interval, audio.count)]
      body += piece
      guard piece.count == interval else { break }
      guard index % 3 == 0 else {
        body.append(0)
        continue
      }
      let text = Array("StreamTitle='Song \(index)';".utf8)
      let units = (text.count + 15) / 16
      body.append(UInt8(units))
      body += text + [UInt8](repeating: 0, count: units * 16 - text.count)
      titles.append("Song \(index)")
    }
    return (body, titles)
  }

  @Test func `Audio comes out whole and titles in order, however the body is cut up`() {
    let (body, expected) = Self.interleaved()
    for seed in UInt64(1)...20 {
      var generator = SplitMix64(seed: seed)
      var icy = ICYDeinterleaver(interval: Self.interval)
      var received: [UInt8] = []
      var titles: [String] = []
      var index = 0
      while index < body.count {
        let end = min(body.count, index + Int.random(in: 1...900, using: &generator))
        body[index..<end].withUnsafeBytes { bytes in
          icy.feed(bytes, audio: { received += $0 }, metadata: { titles.append($0.title ?? "") })
        }
        index = end
      }
      #expect(received == Self.audio)
      #expect(titles == expected)
    }
  }

  @Test func `Without an interval everything is audio`() {
    var icy = ICYDeinterleaver(interval: nil)
    var received: [UInt8] = []
    [UInt8](1...100).withUnsafeBytes { bytes in
      icy.feed(bytes, audio: { received += $0 }, metadata: { _ in Issue.record("metadata") })
    }
    #expect(received == [UInt8](1...100))
  }
}
