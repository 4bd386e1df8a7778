import Base
import Glibc
import Messages
import Metrics
import Storage
import Synchronization
import TestSupport
import Testing

@testable import airloom_feeder

/// A server that does what real ones do on bad days. Whatever it does: no episode twice, none missed, no
/// question asked before it allows one.
@Suite("The feeder against a hostile server", .serialized)
struct HostileServerTests {
  @Test("leaves a server alone for as long as it asks, over a restart, and whoever asks")
  func retryAfter() async throws {
    let asked = Mutex<[Instant]>([])
    let site = try RawServer { connection, _ in
      asked.withLock { $0.append(SystemTimeSource().now()) }
      connection.send("HTTP/1.1 429 Slow down\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
    }
    let bench = try FeederBench()
    try await bench.add(site.url + "a", id: "a")
    try await eventually("it was asked") { !asked.withLock { $0 }.isEmpty }
    let row = try await eventually("it rests") {
      let row = try await bench.feed("a")
      return row.standing.restUntil == nil ? nil : row
    }
    // Another feed of the same server waits as well, and so does a person.
    try await bench.add(site.url + "b", id: "b")
    let wish = RefreshFeed(feed: FeedID(unchecked: "a"))
    #expect(try await bench.command(wish).refusal == .conflict)
    try await bench.restart()
    let until = try unwrap(row.standing.restUntil)
    try await eventually("it is asked again", within: .seconds(30)) {
      asked.withLock { $0.count } >= 2
    }
    let times = asked.withLock { $0 }
    #expect(times.dropFirst().allSatisfy { $0 >= until - .milliseconds(5) }, "\(times) \(until)")
  }

  @Test("believes in \"gone for good\" when it is said often enough, and a permanent move likewise")
  func goneAndMoved() async throws {
    let port = Mutex<UInt16>(0)
    let counts = Mutex<[String: Int]>([:])
    let site = try RawServer { connection, head in
      let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
      counts.withLock { $0[path, default: 0] += 1 }
      let base = "http://127.0.0.1:\(port.withLock { $0 })"
      switch path {
      case "/gone": connection.send("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
      case "/old":
        connection.send(
          "HTTP/1.1 301 Moved\r\nLocation: \(base)/new\r\nContent-Length: 0\r\n\r\n")
      case "/lent":
        connection.send(
          "HTTP/1.1 302 Found\r\nLocation: \(base)/new\r\nContent-Length: 0\r\n\r\n")
      case "/loop":
        connection.send(
          "HTTP/1.1 301 Moved\r\nLocation: \(base)/loop\r\nContent-Length: 0\r\n\r\n")
      case "/away":
        connection.send(
          "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")
      default:
        let body = Podcast.rss([])
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      }
    }
    port.withLock { $0 = site.port }
    let bench = try FeederBench()
    for path in ["gone", "old", "lent", "loop", "away"] {
      try await bench.add(site.url + path, id: path)
    }
    let gone = try await bench.until("gone", is: .gone)
    #expect(gone.standing.goneCount >= 3)
    try await eventually("the move is believed") {
      try await bench.feed("old").definition.url == site.url + "new"
    }
    #expect(counts.withLock { $0["/old"] ?? 0 } >= 3)
    let lent = try await bench.feed("lent")
    #expect(lent.definition.url == site.url + "lent")
    #expect(lent.standing.move == nil)
    for path in ["loop", "away"] {
      let row = try await bench.until(path, is: .broken)
      #expect(row.standing.reason?.contains("redirects") == true, "\(row.standing)")
    }
    let alerts = try await bench.said(RaiseAlert.self)
    #expect(Set(alerts.map(\.id.text)).isSuperset(of: ["feed-broken.gone", "feed-broken.loop"]))
  }

  @Test("gives up an endless body, a bomb, a page and a silence, in bounded memory and time")
  func endless() async throws {
    let folder = try TemporaryFolder()
    // 400 MB of blanks in 400 kB.
    try await Podcast.shell("head -c 400000000 /dev/zero | gzip -1 > \(folder("bomb.gz"))")
    let bomb = try DurableFile.read(folder("bomb.gz"))
    let site = try RawServer { connection, head in
      let path = head.split(separator: " ").dropFirst().first ?? ""
      switch path {
      case "/bomb":
        connection.send(
          "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
        connection.send(bomb)
      case "/endless":
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss><channel>")
        let block = [UInt8](repeating: 0x20, count: 1 << 20)
        while connection.send(block) {}
      case "/page": connection.send("HTTP/1.1 200 OK\r\n\r\n<html><body>Sign in</body></html>")
      case "/cut":
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<rss><channel>")
      default: connection.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
      }
    }
    let before = Self.resident()
    let bench = try FeederBench(policy: FeederBench.calmPolicy)
    for path in ["bomb", "endless", "page", "cut", "error"] {
      try await bench.add(site.url + path, id: path)
    }
    let reasons = ["more than the size", "more than the size", "no feed", "closed", "500"]
    for (path, reason) in zip(["bomb", "endless", "page", "cut", "error"], reasons) {
      let row = try await bench.until(path, is: .failing)
      #expect(row.standing.reason?.contains(reason) == true, "\(path): \(row.standing)")
    }
    #expect(Self.resident() - before < 200 << 20)
  }

  @Test("knows an episode by guid when its address changes, and by address when its guid does")
  func identity() async throws {
    let nginx = try await FeederServiceTests.site(episodes: 2)
    let bench = try FeederBench()
    func say(_ items: [(guid: String, path: String, title: String)]) throws {
      try FeederServiceTests.write(
        Podcast.rss(
          items.map { Podcast.Item(guid: $0.guid, title: $0.title, url: nginx.url($0.path)) }),
        to: nginx)
    }
    try say([("g1", "1.mp3", "One"), ("g2", "2.mp3", "Two")])
    try await bench.add(nginx.url("feed.xml"), destinations: ["nas"])
    let first = try await bench.archived(2)
    let changes: [[(guid: String, path: String, title: String)]] = [
      // The same guids at new addresses; the same addresses with new guids; trackers; both at once
      // with an item that is listed twice.
      [("g1", "1.mp3?token=9", "One"), ("g2", "2.mp3?utm_source=x", "Two")],
      [("n1", "1.mp3", "One"), ("n2", "2.mp3", "Two")],
      [("n1", "1.mp3", "One"), ("n1", "1.mp3", "One"), ("n2", "2.mp3?expires=1", "Two, mended")],
    ]
    for change in changes {
      try say(change)
      let sha256 = try SHA256.hash(fileAt: "\(nginx.folder)/feed.xml").hexadecimal
      try await eventually("it is read") { try await bench.feed().bodySHA256 == sha256 }
    }
    // The address of the last one for a new episode: another guid, title and day.
    try FeederServiceTests.write(
      Podcast.rss([
        Podcast.Item(
          guid: "n3", title: "Three", url: nginx.url("1.mp3"), date: "20 Nov 2026 08:00:00 GMT")
      ]), to: nginx)
    let rows = try await bench.archived(3)
    #expect(Set(rows.map(\.id)).isSuperset(of: first.map(\.id)))
    // Its content is known: one file, and not sent a third time.
    #expect(bench.files().count == 2)
    #expect(try await bench.said(Deliver.self).count == 2)
  }

  @Test(
    "goes on where a line broke, begins anew where the file changed, and refuses what is no episode"
  )
  func downloads() async throws {
    let folder = try TemporaryFolder()
    try await Podcast.mp3(seconds: 8, at: folder("a.mp3"))
    try await Podcast.mp3(seconds: 8, tone: 900, at: folder("b.mp3"))
    let a = try DurableFile.read(folder("a.mp3"))
    let b = try DurableFile.read(folder("b.mp3"))
    let counts = Mutex<[String: Int]>([:])
    let resumed = Mutex<[String]>([])
    let port = Mutex<UInt16>(0)
    let site = try RawServer { connection, head in
      let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
      let number = counts.withLock { counts in
        counts[path, default: 0] += 1
        return counts[path] ?? 0
      }
      let range = head.split(separator: "\r\n").first { $0.hasPrefix("Range: bytes=") }
        .flatMap { Int($0.dropFirst(13).prefix { $0 != "-" }) }
      if range != nil { resumed.withLock { $0.append(path) } }
      func send(_ bytes: [UInt8], tag: String, cutAt cut: Int? = nil) {
        connection.send(
          "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nETag: \"\(tag)\"\r\n"
            + "Content-Length: \(bytes.count)\r\n\r\n")
        connection.send(Array(bytes.prefix(cut ?? bytes.count)))
      }
      switch path {
      case "/feed":
        let names = ["cut", "changed", "page", "empty", "json", "behind", "short", "stub", "busy"]
        let body = Podcast.rss(
          names.map {
            Podcast.Item(
              guid: $0, title: $0, url: "http://127.0.0.1:\(port.withLock { $0 })/\($0)",
              length: 1, duration: $0 == "stub" ? "1:00:00" : "8")
          })
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      // Breaks off once, then goes on as asked.
      case "/cut":
        if let range {
          connection.send(
            "HTTP/1.1 206 Part\r\nContent-Type: audio/mpeg\r\nETag: \"a\"\r\nContent-Range: bytes "
              + "\(range)-\(a.count - 1)/\(a.count)\r\nContent-Length: \(a.count - range)\r\n\r\n")
          connection.send(Array(a[range...]))
        } else {
          send(a, tag: "a", cutAt: 50_000)
        }
      // Breaks off once; then it is another file, which is sent whole.
      case "/changed": number == 1 ? send(a, tag: "a", cutAt: 50_000) : send(b, tag: "b")
      case "/page": send(Array("<!DOCTYPE html><html><p>Not found</p></html>".utf8), tag: "p")
      case "/empty": send([], tag: "e")
      case "/json": send(Array("{\"error\": \"no\"}".utf8), tag: "j")
      // A web page with an MP3 behind it, which ffprobe takes for an MP3.
      case "/behind": send(Array("<html>hello</html>\n".utf8) + a, tag: "h")
      // Half a file with a length that fits: only decoding tells, by what its header announces.
      case "/short": send(Array(a.prefix(a.count / 2)), tag: "s")
      // Whole, and far shorter than the feed says, each time.
      case "/stub": send(Array(b.prefix(b.count)) + a, tag: "x")
      // Two times busy, then there.
      default:
        if number <= 2 {
          connection.send("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
        } else {
          send(Array(b.dropLast(1)) + [0], tag: "c")
        }
      }
    }
    port.withLock { $0 = site.port }
    let bench = try FeederBench(policy: FeederBench.calmPolicy)
    try await bench.add(site.url + "feed")
    let rows = try await eventually("all have come to an end", within: .seconds(90)) {
      let rows = try await bench.episodes()
      let isOver =
        rows.count == 9
        && rows.allSatisfy { [.archived, .failed].contains($0.standing.state) }
      return isOver ? rows : nil
    }
    let states = Dictionary(rows.map { ($0.title, $0) }, uniquingKeysWith: { $1 })
    for name in ["cut", "changed", "stub", "busy"] {
      #expect(
        states[name]?.standing.state == .archived, "\(name): \(states[name].debugDescription)")
    }
    for name in ["page", "empty", "json", "behind", "short"] {
      #expect(states[name]?.standing.state == .failed, "\(name): \(states[name].debugDescription)")
    }
    #expect(states["cut"]?.placed.map { try? DurableFile.read($0.path) } == a)
    #expect(states["changed"]?.placed.map { try? DurableFile.read($0.path) } == b)
    #expect(resumed.withLock { $0 }.contains("/cut"))
    #expect(states["stub"]?.standing.reason?.contains("the feed declares 60 min") == true)
    #expect(states["short"]?.standing.reason?.contains("can be decoded") == true)
    // Four files, and nothing hidden left.
    #expect(bench.files().count == 4, "\(bench.files())")
  }

  @Test("blames no feed when it is we who are cut off")
  func outage() async throws {
    let bench = try FeederBench()
    // Ports of several loopback addresses where nobody listens: refused, all of them.
    for number in 2...13 {
      try await bench.add("http://127.0.0.\(number):9/feed", id: "f\(number)")
    }
    try await eventually("all were tried, again and again", within: .seconds(60)) {
      bench.service.fetches.with("unreachable").value >= 120
    }
    for number in 2...13 {
      let row = try await bench.feed("f\(number)")
      #expect(row.standing.state != .broken, "\(row.standing)")
      #expect(row.standing.failures <= 2, "\(row.standing)")
    }
  }

  static func resident() -> Int {
    let text = (try? DurableFile.read("/proc/self/statm")).map {
      String(decoding: $0, as: UTF8.self)
    }
    return (text?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
  }
}
