import Base
import Media
import TestSupport
import Testing

@testable import DASH

private let address = "http://cdn.test/live/show.mpd?token=1"
private let begun = Instant(seconds: 1_800_000_000)
private let date = "2027-01-15T08:00:00Z"

/// Manifests as packagers write them.
struct DASHManifestTests {
  private static func manifest(
    _ attributes: String, _ body: String
  ) throws -> DASHManifest {
    let text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" \(attributes)>\(body)</MPD>
      """
    return try DASHReader.read(Array(text.utf8), from: address)
  }

  private static func live(_ body: String) throws -> DASHManifest {
    try manifest(#"type="dynamic" availabilityStartTime="\#(date)""#, body)
  }

  /// The segments of representation `a`, as seconds, length and what stands behind the host.
  private static func list(
    _ manifest: DASHManifest, of name: String = "a", after: Duration = .seconds(3600)
  ) -> [String] {
    var numbers = DASHNumbers()
    return manifest.segments(of: name, at: begun + after, numbers: &numbers).segments.map {
      let start = $0.date.map { "\(($0 - begun).inSeconds)" } ?? "-"
      return "\(start)+\($0.duration.inSeconds) \($0.uri.dropFirst("http://cdn.test".count))"
    }
  }

  @Test func `The date in these tests is what it is said to be`() {
    #expect(Instant(date) == begun)
  }

  struct Addressing: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var set: String
    var after = Duration.seconds(9)
    var listed: [String]
  }

  @Test(arguments: [
    Addressing(
      testDescription: "a timeline with numbers",
      set: """
        <SegmentTemplate timescale="1000" initialization="i-$RepresentationID$.mp4" media="s-$Number%05d$.m4s" startNumber="7">
          <SegmentTimeline><S t="4000" d="2000" r="1"/><S d="1500"/></SegmentTimeline>
        </SegmentTemplate>
        """,
      listed: [
        "4.0+2.0 /live/s-00007.m4s", "6.0+2.0 /live/s-00008.m4s", "8.0+1.5 /live/s-00009.m4s",
      ]),
    Addressing(
      testDescription: "a timeline with times, shifted, with a hole",
      set: """
        <SegmentTemplate timescale="48000" presentationTimeOffset="48000" media="$RepresentationID$/$Time$.m4s">
          <SegmentTimeline><S t="96000" d="48000"/><S t="240000" d="24000"/></SegmentTimeline>
        </SegmentTemplate>
        """,
      listed: ["1.0+1.0 /live/a/96000.m4s", "4.0+0.5 /live/a/240000.m4s"]),
    Addressing(
      testDescription: "a timeline that goes on until now",
      set: """
        <SegmentTemplate timescale="10" media="$Time$.m4s">
          <SegmentTimeline><S t="0" d="20" r="-1"/></SegmentTimeline>
        </SegmentTemplate>
        """,
      listed: [
        "0.0+2.0 /live/0.m4s", "2.0+2.0 /live/20.m4s", "4.0+2.0 /live/40.m4s",
        "6.0+2.0 /live/60.m4s",
      ]),
    Addressing(
      testDescription: "a run until the next one",
      set: """
        <SegmentTemplate timescale="1" media="$Time$.m4s">
          <SegmentTimeline><S t="0" d="2" r="-1"/><S t="4" d="3"/></SegmentTimeline>
        </SegmentTemplate>
        """,
      listed: ["0.0+2.0 /live/0.m4s", "2.0+2.0 /live/2.m4s", "4.0+3.0 /live/4.m4s"]),
    Addressing(
      testDescription: "numbers by the clock, and only whole segments",
      set: """
        <SegmentTemplate duration="4" startNumber="1" media="b$Bandwidth$-$Number$.m4s"/>
        """,
      listed: ["0.0+4.0 /live/b64000-1.m4s", "4.0+4.0 /live/b64000-2.m4s"]),
    Addressing(
      testDescription: "numbers up to the last one",
      set: """
        <SegmentTemplate duration="2" startNumber="0" endNumber="1" media="$Number$.m4s"/>
        """,
      listed: ["0.0+2.0 /live/0.m4s", "2.0+2.0 /live/1.m4s"]),
    Addressing(
      testDescription: "a list",
      set: """
        <SegmentList timescale="1" duration="3"><Initialization sourceURL="i.mp4"/>
          <SegmentURL media="one.m4s"/><SegmentURL media="../two.m4s"/></SegmentList>
        """,
      listed: ["0.0+3.0 /live/one.m4s", "3.0+3.0 /two.m4s"]),
    Addressing(
      testDescription: "a dollar sign in a name",
      set: """
        <SegmentTemplate duration="8" media="$$-$Number$.m4s"/>
        """,
      listed: ["0.0+8.0 /live/$-1.m4s"]),
    Addressing(
      testDescription: "a name that nobody knows",
      set: """
        <SegmentTemplate duration="8" media="$Number$-$Planet$.m4s"/>
        """,
      listed: []),
    Addressing(
      testDescription: "one whole file",
      set: "<BaseURL>all.mp4</BaseURL><SegmentBase indexRange=\"0-99\"/>",
      listed: []),
  ])
  func `Each way of naming segments`(_ way: Addressing) throws {
    let manifest = try Self.live(
      """
      <Period id="p"><AdaptationSet mimeType="audio/mp4">\(way.set)
      <Representation id="a" bandwidth="64000" codecs="mp4a.40.2"/></AdaptationSet></Period>
      """)
    #expect(Self.list(manifest, after: way.after) == way.listed)
  }

  @Test func `What stands nearer counts, and addresses are relative to all that surrounds them`()
    throws
  {
    let manifest = try Self.live(
      """
      <BaseURL>http://cdn.test/root/</BaseURL>
      <Period start="PT10S"><BaseURL>period/</BaseURL>
        <SegmentTemplate timescale="1" duration="5" startNumber="3" media="far-$Number$.m4s"/>
        <AdaptationSet contentType="audio"><BaseURL>set/</BaseURL>
          <Representation id="b" mimeType="audio/mp4"/>
          <Representation id="a" mimeType="audio/mp4"><BaseURL>  own/ </BaseURL>
            <SegmentTemplate media="near-$Number$.m4s"/></Representation>
        </AdaptationSet></Period>
      """)
    #expect(
      Self.list(manifest, after: .seconds(16)) == ["10.0+5.0 /root/period/set/own/near-3.m4s"])
    #expect(
      Self.list(manifest, of: "b", after: .seconds(16)) == ["10.0+5.0 /root/period/set/far-3.m4s"])
  }

  @Test func `Periods follow each other, and each begins a new coding`() throws {
    func period(_ id: String, _ attributes: String, _ names: String, height: Int) -> String {
      """
      <Period id="\(id)" \(attributes)><AdaptationSet contentType="video" mimeType="video/mp4">
      <SegmentTemplate duration="2" media="\(id)-$RepresentationID$-$Number$.m4s"/>
      <Representation id="\(names)low" height="90" bandwidth="1"/>
      <Representation id="\(names)" height="\(height)" bandwidth="9"/></AdaptationSet></Period>
      """
    }
    let manifest = try Self.live(
      period("one", #"start="PT0S" duration="PT4S""#, "a", height: 720)
        + period("two", #"duration="P0DT0H0M2S""#, "a", height: 720)
        + period("three", "", "other", height: 700))
    var numbers = DASHNumbers()
    let playlist = manifest.segments(of: "a", at: begun + .seconds(9), numbers: &numbers)
    #expect(
      playlist.segments.map { URIReference.identity($0.uri) } == [
        "/live/one-a-1.m4s", "/live/one-a-2.m4s", "/live/two-a-1.m4s", "/live/three-other-1.m4s",
      ])
    #expect(playlist.segments.map(\.isDiscontinuity) == [false, false, true, true])
    #expect(playlist.segments.map(\.discontinuitySequence) == [0, 0, 1, 2])
    #expect(playlist.segments.map(\.sequence) == [0, 1, 2, 3])
    #expect(
      playlist.segments.map { ($0.date ?? begun) - begun } == [0, 2, 4, 6].map { .seconds($0) })
  }

  @Test
  func `What is offered: pictures with their sound, never text, trick play or other containers`()
    throws
  {
    let template = #"<SegmentTemplate duration="2" media="$RepresentationID$-$Number$"/>"#
    let manifest = try Self.live(
      """
      <Period>\(template)
      <AdaptationSet contentType="video" mimeType="video/mp4">
        <Representation id="hd" bandwidth="3000000" width="1280" height="720" codecs="avc1.64001f"/>
        <Representation id="sd" bandwidth="800000" height="360" codecs="avc1.64001e"/></AdaptationSet>
      <AdaptationSet mimeType="video/mp4"><EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode" value="1"/>
        <Representation id="fast" bandwidth="9" height="90"/></AdaptationSet>
      <AdaptationSet mimeType="video/webm"><Representation id="vp9" bandwidth="9" height="2160"/></AdaptationSet>
      <AdaptationSet mimeType="text/vtt"><Representation id="text" bandwidth="9"/></AdaptationSet>
      <AdaptationSet lang="de" mimeType="audio/mp4">
        <Representation id="de 1" bandwidth="64000"/><Representation id="de/2" bandwidth="128000"/></AdaptationSet>
      <AdaptationSet lang="en" mimeType="audio/mp4"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
        <Representation id="en" bandwidth="96000"/></AdaptationSet>
      </Period>
      """)
    let offered = manifest.variants
    #expect(offered.variants.map(\.uri) == ["#representation=hd", "#representation=sd"])
    #expect(offered.variants.map(\.height) == [720, 360])
    #expect(offered.renditions.map(\.uri) == ["#representation=de%2F2", "#representation=en"])
    #expect(HLSVariantPolicy().choose(from: offered)?.sound?.language == "en")
    let (file, name) = DASHManifest.split(
      URIReference.resolve("#representation=de%2F2", in: address))
    #expect(file == address && name == "de/2")
    #expect(Self.list(manifest, of: "de/2", after: .seconds(3)) == ["0.0+2.0 /live/de/2-1"])
  }

  @Test func `Sound alone is what is captured where there is no picture, the best of it`() throws {
    let manifest = try Self.live(
      """
      <Period><AdaptationSet mimeType="audio/mp4" codecs="mp4a.40.2"><SegmentTemplate duration="2" media="$Number$"/>
      <Representation id="low" bandwidth="48000"/><Representation id="high" bandwidth="256000"/>
      </AdaptationSet></Period>
      """)
    #expect(manifest.variants.renditions.isEmpty)
    #expect(
      HLSVariantPolicy().choose(from: manifest.variants)?.variant.uri == "#representation=high")
    let bounded = HLSVariantPolicy(maximumBitsPerSecond: 64_000)
    #expect(bounded.choose(from: manifest.variants)?.variant.uri == "#representation=low")
  }

  @Test func `Of several languages the main one is captured, or the one that is wanted`() throws {
    func set(_ id: String, _ language: String, _ bandwidth: Int, _ role: String = "") -> String {
      """
      <AdaptationSet mimeType="audio/mp4" lang="\(language)">\(role)<SegmentTemplate duration="2" media="$Number$"/>
      <Representation id="\(id)" bandwidth="\(bandwidth)"/></AdaptationSet>
      """
    }
    let main = #"<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>"#
    let manifest = try Self.live(
      "<Period>\(set("a", "en", 128_000))\(set("b", "de", 64_000, main))\(set("c", "fr", 256_000))</Period>"
    )
    func chosen(_ language: String?) -> String? {
      HLSVariantPolicy(soundLanguage: language).choose(from: manifest.variants)?.variant.uri
    }
    #expect(chosen(nil) == "#representation=b")
    #expect(chosen("fr") == "#representation=c" && chosen("en") == "#representation=a")
    #expect(chosen("it") == "#representation=b")
    #expect(manifest.variants.languages == ["en", "de", "fr"])
  }

  @Test func `A complete programme has its last, shorter segment, and has ended`() throws {
    let manifest = try Self.manifest(
      #"type="static" mediaPresentationDuration="PT1M1.5S""#,
      """
      <Period><AdaptationSet mimeType="audio/mp4"><SegmentTemplate timescale="2" duration="60" media="$Number$.m4s"/>
      <Representation id="a"/></AdaptationSet></Period>
      """)
    #expect(
      Self.list(manifest) == [
        "-+30.0 /live/1.m4s", "-+30.0 /live/2.m4s", "-+1.5 /live/3.m4s",
      ])
    var numbers = DASHNumbers()
    #expect(manifest.segments(of: "a", at: begun, numbers: &numbers).isEnded)
  }

  @Test func `Only what the station still keeps is listed by the clock`() throws {
    let manifest = try Self.manifest(
      #"type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" timeShiftBufferDepth="PT10S""#,
      """
      <Period start="PT0S"><AdaptationSet mimeType="audio/mp4">
      <SegmentTemplate timescale="10000000" duration="20000000" media="$Number$.m4s"/>
      <Representation id="a"/></AdaptationSet></Period>
      """)
    #expect(
      Self.list(manifest, after: .seconds(1)).map { $0.split(separator: " ").last ?? "" }
        == (900_000_000 - 4...900_000_000).map { "/live/\($0).m4s" })
  }

  @Test func `Encryption is told, and bytes of a file are asked for by range`() throws {
    let manifest = try Self.live(
      """
      <Period><AdaptationSet mimeType="video/mp4"><ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011"/>
      <SegmentList duration="2"><Initialization range="0-99"/><SegmentURL mediaRange="100-299"/></SegmentList>
      <Representation id="a"><BaseURL>all.mp4</BaseURL></Representation></AdaptationSet></Period>
      """)
    var numbers = DASHNumbers()
    let segment = try #require(
      manifest.segments(of: "a", at: begun, numbers: &numbers).segments.first)
    #expect(segment.key?.method == .other("DASH"))
    #expect(segment.uri == "http://cdn.test/live/all.mp4" && segment.map?.uri == segment.uri)
    #expect(segment.byteRange == HLSByteRange(offset: 100, length: 200))
    #expect(segment.map?.byteRange == HLSByteRange(offset: 0, length: 100))
  }

  @Test(arguments: [
    ("PT2S", Duration.seconds(2)), ("PT1H2M3.5S", .milliseconds(3_723_500)),
    ("P1DT1S", .seconds(86_401)),
    ("PT0.040S", .milliseconds(40)), (" PT1M ", .seconds(60)), ("P1M", nil), ("PT", nil),
    ("2S", nil),
    ("PT1X", nil), ("PT99999999999999H", nil), ("P", nil),
  ])
  func `Lengths of time`(_ text: String, _ duration: Duration?) {
    #expect(DASHReader.duration(text) == duration)
  }

  @Test func `What is no manifest is refused, in a sentence`() {
    for text in ["", "#EXTM3U", "<html></html>", "<MPDX/>"] {
      let error = #expect(throws: DASHError.self) {
        try DASHReader.read(Array(text.utf8), from: address)
      }
      #expect(error?.description.contains("manifest") == true, "\(text)")
    }
    let large = [UInt8](repeating: 32, count: DASHReader.largest + 1)
    #expect(throws: DASHError.tooLarge) { try DASHReader.read(large, from: address) }
  }

  @Test func `Whatever stands in it, reading ends`() throws {
    let text = """
      <MPD type="dynamic" availabilityStartTime="\(date)" timeShiftBufferDepth="PT10S"><Period start="PT1S" duration="PT9S">
      <AdaptationSet mimeType="audio/mp4"><SegmentTemplate timescale="1" startNumber="1" presentationTimeOffset="5" media="$Number$-$Time$">
      <SegmentTimeline><S t="1" d="2" r="3"/><S d="2" r="-1"/></SegmentTimeline></SegmentTemplate>
      <Representation id="a" bandwidth="1"/></AdaptationSet></Period></MPD>
      """
    var generator = SplitMix64(seed: 7)
    let digits = [
      "-1", "0", "9223372036854775807", "4503599627370495", "1e300", "", "PT9999999999S",
    ]
    var read = 0
    for _ in 0..<3000 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 9))
        default:
          // A number in place of a number.
          guard let start = bytes[place...].firstIndex(where: { (48...57).contains($0) }) else {
            continue
          }
          let end = bytes[start...].firstIndex { !(48...57).contains($0) } ?? bytes.endIndex
          let digits = digits.randomElement(using: &generator) ?? ""
          bytes.replaceSubrange(start..<end, with: Array(digits.utf8))
        }
      }
      guard let manifest = try? DASHReader.read(bytes, from: address) else { continue }
      var numbers = DASHNumbers()
      let playlist = manifest.segments(of: "a", at: begun + .seconds(20), numbers: &numbers)
      #expect(playlist.segments.allSatisfy { $0.duration > .zero })
      #expect(playlist.segments.count <= 4000)
      read += playlist.segments.isEmpty ? 0 : 1
      _ = manifest.variants
    }
    #expect(read > 500)
  }
}
