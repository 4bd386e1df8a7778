import Base
import Media
import TestSupport
import Testing

struct HLSPlaylistTests {
  static func media(_ text: String) throws -> HLSMediaPlaylist {
    guard case .media(let playlist) = try HLSPlaylist(Array(text.utf8)) else {
      throw TestFailure("a master playlist was read")
    }
    return playlist
  }

  @Test func `Numbers, discontinuities, dates, keys, maps and ranges belong to their segments`()
    throws
  {
    let playlist = try Self.media(
      """
      #EXTM3U
      #EXT-X-VERSION:7
      #EXT-X-TARGETDURATION:6
      #EXT-X-MEDIA-SEQUENCE:100
      #EXT-X-DISCONTINUITY-SEQUENCE:7
      #EXT-X-MAP:URI="init.mp4",BYTERANGE="720@0"
      #EXTINF:5.96,first
      #EXT-X-BYTERANGE:1000@720
      main.mp4
      #EXT-X-PROGRAM-DATE-TIME:2026-11-21T19:00:06.000+0100
      #EXT-X-BYTERANGE:500
      #EXTINF:6,
      main.mp4
      #EXT-X-DISCONTINUITY
      #EXT-X-KEY:METHOD=AES-128,URI="k?a=1,b",IV=0x0102
      #EXT-X-GAP
      #EXTINF:4
      gone.mp4
      #EXT-X-KEY:METHOD=NONE
      #EXTINF:6,
      last.mp4
      """)
    let segments = playlist.segments
    #expect(segments.map(\.sequence) == [100, 101, 102, 103])
    #expect(segments.map(\.discontinuitySequence) == [7, 7, 8, 8])
    #expect(segments.map(\.isGap) == [false, false, true, false])
    #expect(segments[0].title == "first" && segments[0].duration == .milliseconds(5960))
    #expect(segments[0].map?.byteRange == HLSByteRange(offset: 0, length: 720))
    #expect(segments[1].byteRange == HLSByteRange(offset: 1720, length: 500))
    let date = try #require(Instant("2026-11-21T18:00:06Z"))
    #expect(segments[1].date == date && segments[0].date == date - .milliseconds(5960))
    #expect(segments[0].programDateTime == nil)
    // Time does not run on over a discontinuity.
    #expect(segments[2].date == nil && segments[3].date == nil)
    #expect(segments[2].key?.uri == "k?a=1,b" && segments[2].key?.method == .aes128)
    #expect(segments[2].key?.iv == [UInt8](repeating: 0, count: 14) + [1, 2])
    #expect(segments[3].key == nil && segments[0].key == nil)
    #expect(playlist.targetDuration == .seconds(6) && !playlist.isEnded)
  }

  @Test func `A variant is chosen by limits, sound before picture`() throws {
    let text = """
      #EXTM3U
      #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="apart",NAME="English",DEFAULT=YES,URI="en.m3u8"
      #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="within",NAME="English",DEFAULT=YES
      #EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"
      sound.m3u8
      #EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="within"
      low.m3u8
      #EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1920x1080,CODECS="avc1.640028,mp4a.40.2"
      high.m3u8
      #EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=3840x2160,CODECS="hvc1.1.6.L150",AUDIO="apart"
      silent.m3u8
      """
    guard case .master(let master) = try HLSPlaylist(Array(text.utf8)) else {
      throw TestFailure("no master playlist was read")
    }
    func choose(_ height: Int? = nil, _ rate: Int? = nil) -> String? {
      HLSVariantPolicy(maximumHeight: height, maximumBitsPerSecond: rate).choose(from: master)?
        .variant.uri
    }
    #expect(choose() == "silent.m3u8", "the best picture, though its sound is apart")
    #expect(choose(2000) == "high.m3u8")
    #expect(choose(720) == "low.m3u8")
    #expect(choose(nil, 1_000_000) == "low.m3u8")
    #expect(choose(240) == "sound.m3u8")
    let nothing = HLSVariantPolicy(maximumBitsPerSecond: 1000).choose(from: master)
    #expect(nothing?.variant.uri == "sound.m3u8" && nothing?.remark != nil)
    var apart = master
    apart.variants.removeAll { $0.uri != "silent.m3u8" }
    let choice = HLSVariantPolicy().choose(from: apart)
    #expect(choice?.variant.uri == "silent.m3u8" && choice?.sound?.uri == "en.m3u8")
    apart.renditions.append(
      HLSRendition(
        kind: .audio, group: "apart", name: "Deutsch", language: "de", uri: "de.m3u8",
        isDefault: false, isAutoselect: true))
    #expect(HLSVariantPolicy().choose(from: apart)?.sound?.uri == "en.m3u8", "the default one")
    for (language, uri) in [("DE", "de.m3u8"), ("d", "en.m3u8"), ("fr", "en.m3u8")] {
      let choice = HLSVariantPolicy(soundLanguage: language).choose(from: apart)
      #expect(choice?.sound?.uri == uri, "\(language)")
    }
    #expect(apart.languages == ["de"])
    apart.renditions[1].language = "de-CH"
    let near = HLSVariantPolicy(soundLanguage: "de").choose(from: apart)
    #expect(near?.sound?.uri == "de.m3u8", "one that says more")
    apart.renditions[0].isDefault = false
    #expect(
      HLSVariantPolicy().choose(from: apart)?.sound?.uri == "de.m3u8", "else one to be chosen")
    apart.renditions[0].uri = nil
    #expect(HLSVariantPolicy().choose(from: apart)?.sound == nil, "one of them is within")
  }

  @Test func `Variables are filled in once, and no further`() throws {
    let playlist = try Self.media(
      """
      #EXTM3U
      #EXT-X-DEFINE:NAME="host",VALUE="http://x/{$deep}"
      #EXT-X-DEFINE:NAME="deep",VALUE="y"
      #EXT-X-TARGETDURATION:4
      #EXTINF:4,
      {$host}/{$unknown}/a.ts
      """)
    #expect(playlist.segments.first?.uri == "http://x/{$deep}/{$unknown}/a.ts")
  }

  @Test(arguments: [
    ("a.ts", "http://h/p/q.m3u8?x=1", "http://h/p/a.ts"),
    ("../a.ts?t=2", "http://h/p/q/r.m3u8", "http://h/p/a.ts?t=2"),
    ("/a/./b/../c.ts", "https://h:8/p", "https://h:8/a/c.ts"),
    ("//other/a.ts", "https://h/p", "https://other/a.ts"),
    ("https://o/a#f", "http://h/p", "https://o/a"),
    ("a b.ts", "http://h", "http://h/a%20b.ts"),
    ("?t=1", "http://h/p/q?z", "http://h/p/q?t=1"),
    ("../../../a", "http://h/b/c", "http://h/a"),
  ])
  func `References become addresses`(_ reference: String, _ base: String, _ address: String) {
    #expect(URIReference.resolve(reference, in: base) == address)
  }

  @Test func `A host is told from user, port and path`() {
    #expect(URIReference.host("http://u:p@Host:80/a@b") == "host:80")
    #expect(URIReference.host("https://h?x=@y") == "h" && URIReference.host("/a") == "")
    #expect(URIReference.identity("http://h/p/s.ts?token=1#x") == "/p/s.ts")
  }

  @Test func `What is no playlist, or too large a one, is refused`() throws {
    #expect(throws: HLSPlaylistError.notAPlaylist) { try HLSPlaylist(Array("<html>".utf8)) }
    #expect(throws: HLSPlaylistError.notAPlaylist) { try HLSPlaylist([]) }
    let lines = Array("#EXTM3U\n".utf8) + [UInt8](repeating: 10, count: HLSPlaylist.mostLines)
    #expect(throws: HLSPlaylistError.tooLarge) { try HLSPlaylist(lines) }
    let large = Array("#EXTM3U\n".utf8) + [UInt8](repeating: 35, count: HLSPlaylist.largest)
    #expect(throws: HLSPlaylistError.tooLarge) { try HLSPlaylist(large) }
  }

  /// Playlists cut off, with bytes changed and lines doubled: each read ends with a playlist or a
  /// refusal.
  @Test func `Whatever stands in it, reading ends`() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    await onOwnThread {
      var generator = SplitMix64(seed: seed)
      let sample = Array(
        """
        #EXTM3U
        #EXT-X-TARGETDURATION:6
        #EXT-X-MEDIA-SEQUENCE:9007199254740993
        #EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x00
        #EXT-X-MAP:URI="i",BYTERANGE="1@2"
        #EXTINF:6.0,
        #EXT-X-BYTERANGE:5@9
        a.ts
        #EXT-X-DEFINE:NAME="a",VALUE="{$a}{$a}"
        #EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=1x1,CODECS="a,b"
        {$a}.m3u8
        """.utf8)
      for _ in 0..<3000 {
        var bytes = sample
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
          let index = Int.random(in: 0..<bytes.count, using: &generator)
          switch Int.random(in: 0..<4, using: &generator) {
          case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
          case 1: bytes.insert(UInt8.random(in: 32...126, using: &generator), at: index)
          case 2 where bytes.count > 20: bytes.removeSubrange(index..<min(bytes.count, index + 9))
          default: bytes.append(contentsOf: bytes[index...].prefix(40))
          }
        }
        _ = try? HLSPlaylist(bytes)
      }
    }
  }
}
