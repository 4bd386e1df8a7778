internal import Base
internal import Bus
internal import Glibc
internal import HTTPClient
internal import Messages
internal import Storage
internal import Subprocess
internal import Synchronization
internal import TestSupport

/// A thousand feeds, fetched for the first time and once more when nothing has changed, beside curl
/// on the same addresses with as many transfers at a time.
///
/// curl writes what comes to /dev/null; the feeder reads it, recognises each item, and commits what it
/// has learned.
struct FeedsBenchmark {
  private static let feeds = 1000
  private static let items = 50
  private static let parallel = 32
  private static let rounds = 3

  private let time = SystemTimeSource()

  func run() async throws {
    let nginx = try await NginxServer.start(serverLines: [
      "keepalive_requests 100000;", "if_modified_since before;",
    ])
    let bytes = try publish(on: nginx)
    var first: [Duration] = []
    var second: [Duration] = []
    var peak = 0
    var curlFirst: [Duration] = []
    var curlSecond: [Duration] = []
    var curlPeak = 0
    for _ in 0..<Self.rounds {
      let ours = try await sweep(nginx)
      first.append(ours.first)
      second.append(ours.second)
      peak = max(peak, ours.peak)
      let whole = try await curl(nginx, isConditional: false)
      let unchanged = try await curl(nginx, isConditional: true)
      curlFirst.append(whole.time)
      curlSecond.append(unchanged.time)
      curlPeak = max(curlPeak, whole.peak, unchanged.peak)
    }
    var table = MarkdownTable(
      "feeds: \(Self.feeds) of \(bytes / 1024) KiB and \(Self.items) items, "
        + "\(Self.parallel) at a time, best of \(Self.rounds) rounds",
      ["", "first sweep", "second sweep (304)", "peak RSS", "first to curl", "second to curl"])
    let (a, b) = (first.min() ?? .zero, second.min() ?? .zero)
    let (c, d) = (curlFirst.min() ?? .zero, curlSecond.min() ?? .zero)
    table.add(
      "airloom-feeder", Figure.time(a), Figure.time(b), Figure.megabytes(peak),
      Figure.ratio(a, to: c), Figure.ratio(b, to: d))
    table.add(
      "curl --parallel", Figure.time(c), Figure.time(d), Figure.megabytes(curlPeak), "1×", "1×")
    Output.write(table.text)
    Output.write("Load at the end: \(Machine.load).\n")
    await nginx.kill()
  }

  /// A feed as hosting services make them; answers one's length.
  private func publish(on nginx: NginxServer) throws -> Int {
    var length = 0
    for feed in 0..<Self.feeds {
      var text = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed \(feed)</title>"
      for item in 0..<Self.items {
        let day = 1 + item % 28
        text += """
          <item><title>Episode \(item) &amp; more of feed \(feed)</title>
          <guid isPermaLink="false">feed-\(feed)-item-\(item)</guid>
          <pubDate>\(day) Oct 2026 0\(item % 10):00:00 GMT</pubDate>
          <description><![CDATA[<p>\(String(repeating: "Words about it. ", count: 12))</p>]]></description>
          <enclosure url="http://media.invalid/\(feed)/\(item).mp3" type="audio/mpeg" length="1"/>
          </item>
          """
      }
      let bytes = Array((text + "</channel></rss>").utf8)
      length = bytes.count
      try DurableFile.write(bytes, to: "\(nginx.folder)/\(feed).xml", mode: 0o644)
    }
    return length
  }

  // MARK: - Ours

  private func sweep(
    _ nginx: NginxServer
  ) async throws -> (first: Duration, second: Duration, peak: Int) {
    let suite = try RunningSuite()
    try suite.home.file(
      "airloom.toml",
      """
      [web]
      port = 0
      [feeder]
      allow_private_addresses = true
      fetches = \(Self.parallel)
      per_host = \(min(64, Self.parallel))
      """)
    try await suite.start("feeder")
    try await suite.becomeReady()
    let folder = try TemporaryFolder()
    let importer = try await FeedImporter(folder: folder.path, home: suite.home.path)
    let feeds = (0..<Self.feeds).map { ListedFeed(url: nginx.url("\($0).xml"), name: "Feed \($0)") }
    try await importer.add(ImportFeeds(feeds: feeds, newest: 0))
    let begun = time.monotonic()
    try await reach("document", suite)
    let first = time.monotonic() - begun
    var peak = Self.peak(of: suite.services[0].child.pid)
    importer.stop()
    await suite.kill()
    try await MeasuredCatalog.makeAllFeedsDue(in: suite.home("data/feeder.sqlite"))
    let again = time.monotonic()
    try await suite.start("feeder")
    try await reach("not_modified", suite)
    let second = time.monotonic() - again
    peak = max(peak, Self.peak(of: suite.services[0].child.pid))
    await suite.kill()
    return (first, second, peak)
  }

  private func reach(_ outcome: String, _ suite: RunningSuite) async throws {
    let client = HTTPClient()
    let wanted = "airloom_feeder_fetches_total{outcome=\"\(outcome)\"} \(Self.feeds)"
    let deadline = time.monotonic() + .seconds(600)
    while time.monotonic() < deadline {
      let port = Machine.text(suite.home("run/feeder.port")).filter(\.isNumber)
      let request = HTTPRequest("GET", "http://127.0.0.1:\(port)/metrics")
      if !port.isEmpty, let answer = try? await client.request(request),
        String(decoding: answer.body, as: UTF8.self).contains(wanted)
      {
        return
      }
      // Seldom enough to take nothing from what is measured.
      try await Task.sleep(for: .milliseconds(50))
    }
    throw TestFailure("after ten minutes not all feeds were fetched: \(outcome)")
  }

  /// The most that the process ever held, in KiB.
  private static func peak(of pid: Int32) -> Int {
    let line = Machine.text("/proc/\(pid)/status").split(separator: "\n")
      .first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }

  // MARK: - The peer

  private func curl(
    _ nginx: NginxServer, isConditional: Bool
  ) async throws -> (time: Duration, peak: Int) {
    let folder = try TemporaryFolder()
    let lines = (0..<Self.feeds).map {
      "url = \"\(nginx.url("\($0).xml"))\"\noutput = \"/dev/null\""
    }
    let list = try folder.file("urls", lines.joined(separator: "\n"))
    var arguments = [
      "--silent", "--parallel", "--parallel-max", "\(Self.parallel)", "--config", list,
    ]
    if isConditional {
      arguments += ["--header", "If-Modified-Since: \(Self.tomorrow)"]
    }
    let begun = time.monotonic()
    let run = try await ChildProcess.run(ChildCommand("curl", arguments), timeout: .seconds(300))
    guard run.exit.isSuccess else { throw TestFailure("curl \(run.exit): \(run.errorText)") }
    return (time.monotonic() - begun, Int(run.exit.maximumResidentBytes / 1024))
  }

  /// A date that every file is older than; nginx is told to compare and not to look for equality.
  private static let tomorrow = "Fri, 01 Jan 2038 00:00:00 GMT"
}

/// Gives the feeder a list in the gateway's place.
private final class FeedImporter {
  private static let feeder = NodeID(unchecked: "feeder")

  private let database: Database
  private let outbox = Outbox()
  private let state: Shared
  private let work: Task<Void, any Error>

  private final class Shared: Sendable {
    let heard = Mutex<(isFollowing: Bool, outcome: CommandOutcome?)>((false, nil))
  }

  init(folder: String, home: String) async throws {
    let state = Shared()
    self.state = state
    database = try Database(path: "\(folder)/gateway.sqlite", schemas: [BusSchema.schema])
    var handlers = BusHandlers()
    handlers.follow(Self.feeder) { transaction in
      transaction.afterCommit { state.heard.withLock { $0.isFollowing = true } }
    }
    handlers.on(FeedChanged.self) { _, _, _ in }
    handlers.on(EpisodeChanged.self) { _, _, _ in }
    handlers.on(CommandOutcome.self) { outcome, _, transaction in
      transaction.afterCommit { state.heard.withLock { $0.outcome = outcome } }
    }
    let node = NodeID(unchecked: "gateway")
    let bus = try await BusNode(
      settings: TransportSettings(
        node: node, peers: [Self.feeder: .ipc(of: Self.feeder, in: "\(home)/bus")]),
      database: database, outbox: outbox, handlers: handlers,
      log: .standardError(level: .warning))
    work = Task { try await bus.run() }
    try await eventually("the feeder is followed") { state.heard.withLock { $0.isFollowing } }
  }

  /// Returns when the feeder has taken the list.
  func add(_ feeds: ImportFeeds) async throws {
    let outbox = outbox
    _ = try await database.write { try outbox.send(feeds, to: Self.feeder, in: $0) }
    let outcome = try await eventually("the list is taken", within: .seconds(60)) {
      state.heard.withLock { $0.outcome }
    }
    if outcome.refusal != nil { throw TestFailure(outcome.text ?? "refused") }
  }

  func stop() { work.cancel() }
}
