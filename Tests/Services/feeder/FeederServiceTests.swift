import Base
import Configuration
import Glibc
import Messages
import Metrics
import Storage
import TestSupport
import Testing

@testable import airloom_feeder

@Suite("The feeder against nginx", .serialized)
struct FeederServiceTests {
  /// A folder that nginx serves, with a feed of that many episodes.
  static func site(
    episodes: Int = 3, serverLines: [String] = []
  ) async throws -> NginxServer {
    let nginx = try await NginxServer.start(serverLines: serverLines)
    for number in 1...episodes {
      try await Podcast.mp3(
        seconds: 2, tone: 300 + 100 * number, at: "\(nginx.folder)/\(number).mp3")
    }
    try write(feed(nginx, 1...episodes), to: nginx)
    return nginx
  }

  static func feed(_ nginx: NginxServer, _ numbers: ClosedRange<Int>) -> String {
    Podcast.rss(
      numbers.reversed().map { number in
        Podcast.Item(
          guid: "guid-\(number)", title: "Episode \(number) &amp; more",
          url: nginx.url("\(number).mp3"), date: "\(9 + number) Nov 2026 08:00:00 GMT",
          duration: "00:02")
      })
  }

  static func write(_ text: String, to nginx: NginxServer) throws {
    try DurableFile.write(Array(text.utf8), to: "\(nginx.folder)/feed.xml", mode: 0o644)
  }

  @Test("archives every episode once, says so and asks for the deliveries")
  func archives() async throws {
    let nginx = try await Self.site()
    let bench = try FeederBench()
    try await bench.add(nginx.url("feed.xml"), destinations: ["nas", "cloud"])
    let rows = try await bench.archived(3)
    #expect(
      bench.files() == [
        "2026-11-10 Episode 1 & more.mp3", "2026-11-11 Episode 2 & more.mp3",
        "2026-11-12 Episode 3 & more.mp3",
      ])
    for (number, row) in zip(1...3, rows) {
      let file = try unwrap(row.placed)
      let original = try SHA256.hash(fileAt: "\(nginx.folder)/\(number).mp3")
      #expect(try SHA256.hash(fileAt: file.path) == original)
      #expect(file.sha256 == original.hexadecimal)
      #expect(file.contentType == "audio/mpeg")
      #expect(abs(file.durationUs - 2_000_000) < 100_000)
    }
    let deliveries = try await bench.said(Deliver.self)
    #expect(deliveries.count == 6)
    #expect(Set(deliveries.map(\.delivery)).count == 6)
    #expect(deliveries.allSatisfy { $0.origin == .episode })
    let last = try unwrap(try await bench.said(FeedChanged.self).last)
    #expect(last.status.archived == 3)
    #expect(last.status.title == "A show")
    #expect(try await bench.said(EpisodeChanged.self).last?.episode.state == .archived)
  }

  @Test("asks with the server's own validators, and hears that nothing has changed")
  func notModified() async throws {
    let nginx = try await Self.site(episodes: 1)
    let bench = try FeederBench()
    try await bench.add(nginx.url("feed.xml"))
    _ = try await bench.archived(1)
    let fetches = bench.service.fetches
    try await eventually("it was asked again, twice") { fetches.with("not_modified").value >= 2 }
    #expect(fetches.with("document").value == 1)
    // Said when it was added, read, and its episode archived; not for each "not modified".
    #expect(try await bench.said(FeedChanged.self).count <= 4)
  }

  @Test("takes the newest only where that is asked, and any other when it is")
  func newest() async throws {
    let nginx = try await Self.site(episodes: 4)
    let bench = try FeederBench()
    try await bench.add(nginx.url("feed.xml"), newest: 2)
    let rows = try await bench.archived(2)
    #expect(rows.map(\.title) == ["Episode 3 & more", "Episode 4 & more"])
    let listed = try await bench.database.read {
      try EpisodeCatalog.listed(of: FeedID(unchecked: "show"), limit: 10, $0)
    }
    #expect(listed.count == 2)
    let wish = FetchEpisode(episode: try unwrap(listed.last).id)
    #expect(try await bench.command(wish).refusal == nil)
    _ = try await bench.archived(3)
    #expect(try await bench.command(wish).refusal == .conflict)
  }

  @Test("finds a new episode, and goes on where it was after a restart")
  func goesOn() async throws {
    let nginx = try await Self.site(episodes: 3)
    try Self.write(Self.feed(nginx, 1...2), to: nginx)
    let bench = try FeederBench()
    try await bench.add(nginx.url("feed.xml"))
    _ = try await bench.archived(2)
    try await bench.restart()
    // nginx makes its validators of the second and the size: both could be the same.
    try Self.write(Self.feed(nginx, 2...3) + "<!-- newer -->", to: nginx)
    _ = try await bench.archived(3)
    #expect(bench.files().count == 3)
  }

  @Test("keeps one file of the same content, and names two of the same title apart")
  func names() async throws {
    let nginx = try await Self.site(episodes: 2)
    let items = [("a", "1.mp3"), ("b", "2.mp3"), ("c", "1.mp3?copy=1")].map { guid, path in
      Podcast.Item(guid: guid, title: "../../Same/title\u{202E}", url: nginx.url(path))
    }
    try Self.write(Podcast.rss(items), to: nginx)
    let bench = try FeederBench()
    try await bench.add(nginx.url("feed.xml"), destinations: ["nas"])
    let rows = try await bench.archived(3)
    #expect(bench.files().count == 2)
    #expect(bench.files().allSatisfy { $0.hasPrefix("2026-11-10 Same-title") })
    #expect(rows.filter { $0.archivedBytes == 0 }.count == 1)
    #expect(rows.contains { $0.standing.reason?.contains("the same file as") == true })
    #expect(try await bench.said(Deliver.self).count == 2)
    #expect(TemporaryFolder.names(in: bench.folder.path).contains("podcasts"))
  }

  @Test("reads all pages of a feed that comes in pages, the first time")
  func pages() async throws {
    let nginx = try await Self.site(episodes: 3)
    for number in 1...3 {
      let next =
        number < 3
        ? "<a:link xmlns:a=\"http://www.w3.org/2005/Atom\" rel=\"next\" href=\"p\(number + 1).xml\"/>"
        : ""
      let item = Podcast.Item(
        guid: "g\(number)", title: "Part \(number)", url: nginx.url("\(number).mp3"))
      try DurableFile.write(
        Array(Podcast.rss([item], channel: next).utf8), to: "\(nginx.folder)/p\(number).xml",
        mode: 0o644)
    }
    let bench = try FeederBench()
    try await bench.add(nginx.url("p1.xml"))
    _ = try await bench.archived(3)
    #expect(try await bench.feed().isComplete)
  }

  @Test("finishes what a kill left between the file's name and its row, and begins the rest anew")
  func recovers() async throws {
    let nginx = try await Self.site(episodes: 3)
    let bench = try FeederBench(policy: FeederBench.calmPolicy)
    try await bench.add(nginx.url("feed.xml"), destinations: ["nas"])
    let rows = try await bench.archived(3)
    // As if killed: one file has its name, its row does not say so; one file lies under its hidden
    // name still; one row says that bytes come, and there is half a part.
    let files = try rows.map { try unwrap($0.placed) }
    let folder = bench.folder("podcasts/show")
    try #require(rename(files[1].path, "\(folder)/.\(rows[1].id).part") == 0)
    unlink(files[2].path)
    let half = try DurableFile.read("\(nginx.folder)/3.mp3").prefix(10_000)
    try DurableFile.write(Array(half), to: "\(folder)/.\(rows[2].id).part", mode: 0o644)
    try await bench.database.write { transaction in
      for (index, row) in rows.enumerated() {
        var row = row
        row.standing.state = index == 2 ? .downloading : .validating
        row.standing.crashes = 1
        if index == 2 { row.placed = nil }
        try EpisodeCatalog.save(row, transaction)
      }
    }
    try await bench.restart()
    let again = try await bench.archived(3)
    #expect(
      try again.map { try SHA256.hash(fileAt: try unwrap($0.placed).path).hexadecimal }
        == files.map(\.sha256))
    #expect(bench.files().count == 3, "\(bench.files())")
    #expect(Set(try await bench.said(Deliver.self).map(\.delivery)).count == 3)
  }

  @Test("imports a list, and does what it is told with what is in it")
  func commands() async throws {
    let bench = try FeederBench(policy: FeederBench.calmPolicy)
    let list = ImportFeeds(
      feeds: [
        ListedFeed(url: "http://127.0.0.1:1/a", name: "My Show!"),
        ListedFeed(url: "http://127.0.0.1:1/b", name: "My show"),
        ListedFeed(url: "HTTP://127.0.0.1:1/a"), ListedFeed(url: "ftp://x/y"),
        ListedFeed(url: "http://127.0.0.1:1/c"),
      ], newest: 3)
    let outcome = try await bench.command(list)
    #expect(outcome.text == "3 added, 1 known already, 1 unusable.")
    #expect(try await bench.feed("my-show").definition.newest == 3)
    let again = FeedDefinition(id: FeedID(unchecked: "x"), url: "http://127.0.0.1:1/b")
    let second = try await bench.command(PutFeed(feed: again, mustBeNew: true))
    #expect(second.refusal == .conflict)
    #expect(second.field == "url")
    let bad = FeedDefinition(id: FeedID(unchecked: "x"), url: "file:///etc/passwd")
    #expect(try await bench.command(PutFeed(feed: bad, mustBeNew: true)).field == "url")
    #expect(try await bench.command(RefreshFeed(feed: bad.id)).refusal == .notFound)
    #expect(try await bench.command(RemoveFeed(feed: FeedID(unchecked: "my-show"))).refusal == nil)
    #expect(try await bench.said(FeedChanged.self).last { $0.id.text == "my-show" }?.feed == nil)
  }

  @Test("does not ask this machine for anything unless that is allowed")
  func addresses() async throws {
    let nginx = try await Self.site(episodes: 1)
    var settings = FeederBench.quick
    settings.allowsPrivateAddresses = false
    let bench = try FeederBench(settings: settings, policy: FeederBench.calmPolicy)
    try await bench.add(nginx.url("feed.xml"))
    let row = try await bench.until(is: .failing)
    #expect(row.standing.reason?.contains("private network") == true)
  }
}
