import Base
import FoundationEssentials
import HTTPClient
import Messages
import Storage
import TestSupport
import Testing
import XML

@testable import airloom_gateway

@Suite("Podcasts over REST", .timeLimit(.minutes(10)))
struct PodcastRESTTests {
  private struct Feeds: Decodable {
    let feeds: [FeedDefinition]
    let next: String?
  }

  @Test func `ten thousand feeds are read in parts, each once`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      for number in 0..<10_000 {
        // Names that come again, so that the id has to decide.
        try model.apply(
          .sample("f\(number)", name: "Show \(number % 100)", number % 4 == 0 ? .failing : .ok),
          transaction)
      }
    }
    var seen: [FeedID] = []
    var query: String? = "limit=1000"
    while let asked = query {
      let answer = try await browser.send("GET", "/api/v1/feeds?\(asked)")
      let page = try JSONDecoder().decode(Feeds.self, from: Data(answer.body))
      seen += page.feeds.map(\.id)
      query = page.next.map { "limit=1000&after=\($0)" }
    }
    #expect(seen.count == 10_000 && Set(seen).count == 10_000)
    let few = try await browser.send("GET", "/api/v1/feeds?search=SHOW+42&state=ok&limit=3").text
    #expect(few.matches(of: /"id":"f\d+"/).count == 3)
    #expect(few.matches(of: /"name":"Show 42"/).count == 3)
    #expect(few.contains(#""states":{"failing":2500,"ok":7500}"#))
    #expect(few.contains(#""archived":30000,"#))
    await gateway.stop()
  }

  @Test func `a page that is read while names change neither repeats nor loses what stays`()
    async throws
  {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      for name in ["b", "d", "f", "h"] { try model.apply(.sample(name, name: name), transaction) }
    }
    let first = try await browser.send("GET", "/api/v1/feeds?limit=2").text
    let next = try #require(first.firstMatch(of: /"next":"([0-9a-f]+)"/)?.1)
    try await gateway.hear { model, transaction in
      try model.apply(.sample("d", name: "a"), transaction)
      try model.apply(.sample("e", name: "e"), transaction)
      try model.apply(.sample("b", name: nil, isRemoved: true), transaction)
    }
    let second = try await browser.send("GET", "/api/v1/feeds?after=\(next)").text
    #expect(second.matches(of: /"id":"(\w)"/).map { String($0.1) } == ["e", "f", "h"])
    await gateway.stop()
  }

  @Test func `a feed is added by its address alone, and its keys are neither shown nor lost`()
    async throws
  {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let url = "https://anna:s3cret@pod.example/Shows/feed.xml?key=t0ken"
    _ = try await browser.send("POST", "/api/v1/feeds", #"{"url":"\#(url)"}"#)
    let added = try #require(try await gateway.newest(to: "feeder"))
    #expect(added.type == "feed.put")
    let id = try #require(added.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
    #expect(id == "pod-example-shows-feed-xml")
    #expect(added.body.contains("s3cret") && added.body.contains("t0ken"))
    try await gateway.hear { model, transaction in
      try model.apply(.sample("pod", name: nil, url: url), transaction)
      try model.apply(.sample("e1", of: "pod", .archived, url: url), transaction)
    }
    for path in [
      "feeds", "feeds/pod", "feeds/pod/episodes", "episodes", "episodes/e1", "feeds.opml",
    ] {
      let shown = try await browser.send("GET", "/api/v1/\(path)")
      #expect(shown.status == 200 && shown.text.contains("pod.example"), "\(path)")
      for secret in ["s3cret", "t0ken"] { #expect(!shown.text.contains(secret), "\(path)") }
    }
    let whole = try await browser.send("GET", "/api/v1/feeds.opml?secrets=include").text
    #expect(whole.contains("anna:s3cret@pod.example/Shows/feed.xml?key=t0ken"))
    let shown = try await browser.send("GET", "/api/v1/feeds/pod").text
    _ = try await browser.send("PUT", "/api/v1/feeds/pod", shown)
    let put = try #require(try await gateway.newest(to: "feeder")?.body)
    #expect(put.contains("s3cret") && put.contains("t0ken"))
    await gateway.stop()
  }

  @Test func `episodes are listed, fetched and played`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let path = try gateway.folder.file("media/podcasts/pod/one.mp3", "0123456789")
    let secret = try gateway.folder.file("secret", "secret")
    try await gateway.hear { model, transaction in
      try model.apply(.sample("pod", name: "Pod"), transaction)
      try model.apply(.sample("e1", of: "pod", .archived, published: 2, path: path), transaction)
      try model.apply(.sample("e2", of: "pod", .failed, published: 3), transaction)
      try model.apply(.sample("e3", of: "pod", .archived, published: 1, path: secret), transaction)
      try model.apply(.sample("x1", of: "other", .archived, published: 9), transaction)
    }
    func ids(_ path: String) async throws -> [String] {
      try await browser.send("GET", "/api/v1/\(path)").text
        .matches(of: /"id":"(\w\d)"/).map { String($0.1) }
    }
    #expect(try await ids("feeds/pod/episodes") == ["e2", "e1", "e3"])
    #expect(try await ids("feeds/pod/episodes?state=archived&limit=1") == ["e1"])
    #expect(try await ids("episodes?state=failed") == ["e2"])
    #expect(try await ids("episodes").count == 4)
    #expect(try await browser.send("GET", "/api/v1/feeds/none/episodes").status == 404)
    #expect(try await browser.send("GET", "/api/v1/episodes?state=nonsense").status == 422)
    let part = try await browser.send(
      "GET", "/api/v1/episodes/e1/media", headers: [("Range", "bytes=-2")])
    #expect(part.status == 206 && part.text == "89")
    for id in ["e2", "e3", "none"] {
      #expect(try await browser.send("GET", "/api/v1/episodes/\(id)/media").status == 404)
    }
    // An episode that is only listed is not known here, and may be fetched all the same.
    _ = try await browser.send("POST", "/api/v1/episodes/listed-one/fetch")
    #expect(try await gateway.newest(to: "feeder")?.type == "episode.fetch")
    _ = try await browser.send("POST", "/api/v1/feeds/pod/refresh")
    #expect(try await gateway.newest(to: "feeder")?.type == "feed.refresh")
    #expect(try await browser.send("POST", "/api/v1/feeds/none/refresh").status == 404)
    try await gateway.hear { try $0.apply(.sample("pod", name: nil, isRemoved: true), $1) }
    #expect(try await ids("episodes") == ["x1"])
    await gateway.stop()
  }

  @Test func `an OPML document goes to the feeder, in lists that the bus can carry`() async throws {
    let gateway = try await TestGateway(adjust: { $0.commandPatience = .seconds(20) })
    let browser = try await gateway.browser()
    let outlines = (0..<2500).map {
      "<outline type='rss' text='Show &quot;\($0)&quot;' xmlUrl='http://pod.example/\($0)'/>"
    }
    let document = "<opml><body><outline text='All'>\(outlines.joined())</outline></body></opml>"
    let token = try await browser.send("POST", "/api/v1/tokens", #"{"name":"script"}"#).text
    let secret = try #require(token.firstMatch(of: /"token":"([^"]+)"/)?.1)
    async let response = gateway.send(
      "POST", "/api/v1/feeds/import", body: Array(document.utf8), contentType: "text/x-opml",
      headers: [("Authorization", "Bearer \(secret)")])
    let asked = try await eventually("three lists for the feeder") {
      let asked = try await gateway.asked(of: "feeder")
      return asked.count == 3 ? asked : nil
    }
    var found: Set<String> = []
    for (number, command) in asked.enumerated() {
      #expect(command.type == "feed.import")
      let list = try JSONDecoder().decode(ImportFeeds.self, from: Data(command.body.utf8))
      found.formUnion(list.feeds.map(\.url))
      let outcome = CommandOutcome(command: command.id, text: "List \(number).")
      try await gateway.database.write { [desk = gateway.service.services.desk] in
        try desk.settle(outcome, $0)
      }
    }
    let answer = try await response
    #expect(answer.status == 200)
    for number in 0..<3 { #expect(answer.text.contains("List \(number).")) }
    #expect(found.count == 2500)
    await gateway.stop()
  }

  @Test func `a list is read as text, whatever encoding it claims, and with what holds for each`()
    async throws
  {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let document =
      "<?xml version='1.0' encoding='ISO-8859-1'?><opml><body><outline text='Küche' xmlUrl='http://k.example/'/></body></opml>"
    let answer = try await browser.send(
      "POST", "/api/v1/feeds/import",
      #"{"opml":"\#(document)","newest":3,"destinations":["archive"]}"#)
    #expect(answer.status == 202)
    let command = try #require(try await gateway.newest(to: "feeder")?.body)
    for part in ["Küche", #""newest":3"#, "archive"] { #expect(command.contains(part)) }
    await gateway.stop()
  }

  @Test func `an import that is too large, or lists nothing, is refused`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let much = String(repeating: "x", count: (5 << 20) + 1)
    let refused = try await browser.send("POST", "/api/v1/feeds/import", #"{"opml":"\#(much)"}"#)
    #expect(refused.status == 413)
    #expect(try await browser.send("POST", "/api/v1/feeds", #"{"url":"\#(much)"}"#).status == 413)
    for body in ["{}", #"{"opml":""}"#, #"{"opml":"no markup"}"#, #"{"opml":"<opml/>"}"#] {
      let refused = try await browser.send("POST", "/api/v1/feeds/import", body)
      #expect(refused.status == 422 && refused.text.contains(#""field":"opml""#), "\(body)")
    }
    #expect(try await gateway.newest(to: "feeder") == nil)
    await gateway.stop()
  }

  @Test func `lists are cut by number and by length`() {
    let short = (0..<1001).map { OPML.Feed(url: "http://x/\($0)") }
    #expect(FeedBatches.split(short).map(\.count) == [1000, 1])
    let long = (0..<100).map {
      OPML.Feed(url: "http://x/\($0)/" + String(repeating: "y", count: 7900))
    }
    let batches = FeedBatches.split(long + [OPML.Feed(url: String(repeating: "z", count: 9000))])
    #expect(batches.count == 2 && batches.joined().count == 100)
    #expect(FeedBatches.split([]).isEmpty)
  }

  @Test func `what XML cannot hold does not break the exported list`() {
    var document = OPMLDocument(title: "All")
    document.add(title: "A \"B\" <C> & \u{1}D\n", url: "http://x/?a=1&b=2")
    #expect(document.text.contains(#"text="A &quot;B&quot; &lt;C&gt; &amp; D&#10;""#))
    #expect(document.text.contains(#"xmlUrl="http://x/?a=1&amp;b=2""#))
  }
}

extension FeedChanged {
  static func sample(
    _ id: String, name: String?, _ state: FeedState = .ok, url: String = "http://pod.example/f",
    isRemoved: Bool = false
  ) -> FeedChanged {
    let id = FeedID(unchecked: id)
    return FeedChanged(
      id: id, feed: isRemoved ? nil : FeedDefinition(id: id, url: url, name: name),
      status: FeedStatus(state: state, archived: 3, archivedBytes: 3000))
  }
}

extension EpisodeChanged {
  static func sample(
    _ id: String, of feed: String, _ state: EpisodeState, published: Int = 0,
    url: String = "http://pod.example/e.mp3", path: String? = nil
  ) -> EpisodeChanged {
    EpisodeChanged(
      episode: Episode(
        id: EpisodeID(unchecked: id), feed: FeedID(unchecked: feed), title: "Episode",
        publishedAt: Instant(seconds: Int64(published)), url: url, state: state,
        file: path.map {
          FinishedFile(
            path: $0, name: "one.mp3", bytes: 10, sha256: "", contentType: "audio/mpeg",
            durationUs: 1, gaps: [])
        }, updatedAt: .epoch))
  }
}
