import Base
import Messages
import Testing

@testable import airloom_feeder

@Suite("Which episode an item is")
struct EpisodeIdentityTests {
  private let feed = FeedID(unchecked: "show")

  static let same: [(String, String)] = [
    ("http://a.example/x.mp3", "https://www.a.example:443/x.mp3"),
    ("https://a.example/x.mp3?utm_source=b&token=1", "https://a.example/x.mp3?token=2"),
    ("https://dts.podtrac.com/redirect.mp3/a.example/x.mp3", "https://a.example/x.mp3"),
    ("https://chtbl.com/track/123/pdst.fm/e/a.example/x.mp3", "https://a.example/x.mp3"),
    ("https://op3.dev/e/https://a.example/x.mp3", "https://a.example/x.mp3"),
  ]

  @Test("addresses of one file are one", arguments: same)
  func plain(one: String, other: String) {
    #expect(EpisodeIdentity.plain(one) == EpisodeIdentity.plain(other))
  }

  static let different: [(String, String)] = [
    ("https://a.example/x.mp3", "https://a.example/y.mp3"),
    ("https://a.example/x.mp3?id=1", "https://a.example/x.mp3?id=2"),
    ("https://a.example/x.mp3", "https://b.example/x.mp3"),
    ("https://pdst.fm/e", "https://pdst.fm/f"),
  ]

  @Test("addresses of two files are two", arguments: different)
  func plainDifferent(one: String, other: String) {
    #expect(EpisodeIdentity.plain(one) != EpisodeIdentity.plain(other))
  }

  @Test("a guid that all items share names none of them, nor does a common address")
  func shared() {
    let items = (1...3).map { item(guid: "same", url: "http://a/\($0).mp3", title: "T\($0)") }
    #expect(Set(recognise(items).map(\.id)).count == 3)
    let latest = (1...3).map { item(guid: "g\($0)", url: "http://a/latest.mp3", title: "T\($0)") }
    #expect(Set(recognise(latest).map(\.id)).count == 3)
    let nothing = (1...3).map { item(guid: nil, url: "http://a/latest.mp3", title: "T\($0)") }
    #expect(recognise(nothing).count >= 1)
    let twice = [item(guid: "g", url: "http://a/1.mp3"), item(guid: "g", url: "http://a/1.mp3")]
    #expect(recognise(twice).count == 1)
  }

  @Test("an id does not depend on the day, the order or what else is listed")
  func stable() {
    let one = item(guid: "g1", url: "http://a/1.mp3")
    let two = item(guid: "g2", url: "http://a/2.mp3")
    #expect(Set(recognise([one, two]).map(\.id)) == Set(recognise([two, one]).map(\.id)))
    #expect(recognise([one]).first?.id == recognise([two, one]).last?.id)
    #expect(recognise([item(guid: "no file", url: nil)]).isEmpty)
  }

  private func item(guid: String?, url: String?, title: String = "T") -> FeedItem {
    var item = FeedItem()
    item.guid = guid
    item.title = title
    item.enclosures = url.map { [Enclosure(url: $0, type: "audio/mpeg")] } ?? []
    return item
  }

  private func recognise(_ items: [FeedItem]) -> [EpisodeIdentity.Recognised] {
    let candidates = EpisodeIdentity.candidates(items)
    return EpisodeIdentity.recognise(
      candidates, of: feed, shared: EpisodeIdentity.sharedNames(in: candidates)
    ) { _ in nil }
  }
}

@Suite("What becomes of a download")
struct RetryPolicyTests {
  private let now = Instant(seconds: 1_800_000_000)

  @Test("each kind is tried as often as makes sense, and ends set aside")
  func limits() {
    let policy = RetryPolicy(tries: 3, lineFactor: 4)
    let expected: [(DownloadError.Kind, Int)] = [
      (.line, 12), (.server, 12), (.disk, 12), (.refused, 3), (.content, 3), (.truncated, 3),
      (.changed, 3), (.forbidden, 1), (.poison, 1),
    ]
    for (kind, tries) in expected {
      var standing = EpisodeStanding()
      var count = 0
      while standing.state != .failed, count < 100 {
        standing = step(policy, standing, .begun)
        standing = step(policy, standing, .failed(DownloadError(kind, "no")))
        count += 1
      }
      #expect(count == tries && standing.attempts == tries, "\(kind)")
      let asked = step(policy, standing, .asked)
      #expect(asked.state == .queued && asked.failures == 0)
    }
  }

  @Test("a server's wish is kept, a stop costs nothing, and three crashes are enough")
  func special() {
    let policy = RetryPolicy()
    let begun = step(policy, EpisodeStanding(), .begun)
    let until = now + .seconds(5000)
    let busy = step(policy, begun, .failed(DownloadError(.server, "busy", retryAt: until)))
    #expect((busy.retryAt ?? now) >= until)
    let stopped = step(policy, begun, .failed(DownloadError(.interrupted, "stop")))
    #expect(stopped.state == .queued && stopped.failures == 0 && stopped.crashes == 0)
    var standing = EpisodeStanding()
    for _ in 1...3 {
      standing = step(policy, step(policy, standing, .begun), .restarted)
    }
    #expect(standing.state == .failed && standing.reason?.contains("died 3 times") == true)
    #expect(step(policy, begun, .archived(note: nil)).state == .archived)
    #expect(step(policy, step(policy, begun, .archived(note: nil)), .asked).state == .archived)
  }

  private func step(
    _ policy: RetryPolicy, _ old: EpisodeStanding, _ event: RetryPolicy.Event
  ) -> EpisodeStanding {
    var generator = SplitMix64(seed: 1)
    return policy.next(old, event, now: now, using: &generator)
  }
}

@Suite("What a downloaded file is worth")
struct MediaCheckTests {
  static let starts: [(String, MediaCheck.Kind)] = [
    ("<!DOCTYPE html><p>", .html), ("\u{FEFF}\n <HTML lang=x>", .html), ("<!-- x --><b>", .html),
    ("<?xml version='1.0'?><html>", .html), ("<?xml version='1.0'?><Error/>", .xml),
    ("{\"error\": 1}", .json), ("Not found", .text), ("ID3\u{3}\u{0}\u{0}", .binary),
  ]

  @Test("the first bytes tell what it is", arguments: starts)
  func kinds(start: String, kind: MediaCheck.Kind) {
    #expect(MediaCheck.kind(Array(start.utf8)) == kind)
  }

  @Test("length, content and time must agree with what was said")
  func judges() {
    func facts(
      bytes: Int64 = 1000, server: Int64? = 1000, declared: Double? = nil, decoded: Double = 60,
      announced: Double? = 60
    ) -> MediaCheck.Verdict {
      MediaCheck.judge(
        MediaFacts(
          start: [0xFF, 0xFB, 0x90, 0], bytes: bytes, serverBytes: server,
          contentType: "audio/mpeg", declaredDuration: declared.map { .seconds($0) },
          decoding: MediaFacts.Decoding(
            decoded: .seconds(decoded), announced: announced.map { .seconds($0) })))
    }
    func kind(_ verdict: MediaCheck.Verdict) -> DownloadError.Kind? {
      if case .refused(let kind, _) = verdict { kind } else { nil }
    }
    #expect(facts() == .good)
    #expect(kind(facts(bytes: 0)) == .content)
    #expect(kind(facts(bytes: 999)) == .truncated)
    #expect(kind(facts(decoded: 0)) == .content)
    #expect(kind(facts(decoded: 55)) == .truncated)
    #expect(facts(decoded: 58.5) == .good)
    #expect(facts(server: nil, declared: 90, announced: nil) == .good)
    #expect(
      facts(declared: 150)
        == .doubtful("the feed declares 2 min 30 s, and the file is 1 min 00 s long"))
  }
}

@Suite("The name of an archived file")
struct EpisodeNamingTests {
  static let names: [(String, String)] = [
    ("Hello", "2026-11-10 Hello.mp3"), ("../../etc/passwd", "2026-11-10 etc-passwd.mp3"),
    ("a/b\\c:d*e?f\"g<h>i|j", "2026-11-10 a-b-c-d-e-f-g-h-i-j.mp3"),
    ("...hidden", "2026-11-10 hidden.mp3"), ("-rf", "2026-11-10 rf.mp3"),
    ("new\nline\u{0}\u{202E}x", "2026-11-10 newlinex.mp3"), ("", "2026-11-10 id.mp3"),
    ("   ", "2026-11-10 id.mp3"), ("..", "2026-11-10 id.mp3"), ("dots...", "2026-11-10 dots.mp3"),
    ("日本語 №1 🎙", "2026-11-10 日本語 №1 🎙.mp3"),
  ]

  @Test("is one harmless component", arguments: names)
  func harmless(title: String, expected: String) {
    #expect(name(title) == expected)
  }

  @Test("is at most 200 bytes, of whole characters, for any text")
  func fuzz() {
    var generator = SplitMix64(seed: 5)
    let pieces = [
      "/", "..", "\u{0}", "é", "👩‍👩‍👧‍👦", "x", " ", "\\", "\n", "~", "-", ".", "\u{202E}", "CON", "日",
    ]
    for _ in 0..<3000 {
      let title = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
        pieces.randomElement(using: &generator) ?? ""
      }.joined()
      for made in [name(title), EpisodeNaming.another(name(title), sha256: "0123456789abcdef")] {
        #expect(made.utf8.count <= 200 && !made.contains("/") && !made.hasPrefix("."))
        #expect(made.unicodeScalars.allSatisfy { $0.value >= 0x20 } && made.hasSuffix(".mp3"))
      }
    }
  }

  @Test("ends as its kind of file does")
  func endings() {
    let made = [
      EpisodeNaming.fileExtension(url: "http://a/x.M4A?y=.php", contentType: "audio/mpeg"),
      EpisodeNaming.fileExtension(url: "http://a/x.php", contentType: "audio/mpeg; q=1"),
      EpisodeNaming.fileExtension(url: "http://a/", contentType: nil),
      EpisodeNaming.fileExtension(url: "http://a/x.exe", contentType: "text/html"),
    ]
    #expect(made == ["m4a", "mp3", "bin", "bin"])
  }

  @Test("is the same for a file system that knows no case and no composed letters")
  func folded() {
    #expect(EpisodeNaming.folded("CAFÉ") == EpisodeNaming.folded("cafe\u{301}"))
    #expect(EpisodeNaming.folded("a") != EpisodeNaming.folded("b"))
  }

  private func name(_ title: String) -> String {
    EpisodeNaming.name(
      title: title, published: Instant(seconds: 1_794_297_600), url: "http://a/x.mp3",
      contentType: nil, fallback: "id")
  }
}
