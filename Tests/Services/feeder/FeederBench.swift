import Base
import Configuration
import FoundationEssentials
import Messages
import Metrics
import Storage
import Subprocess
import Synchronization
import TestSupport

@testable import Bus
@testable import airloom_feeder

/// A whole feeder with a real database and no bus: what is said to it goes straight to its handlers,
/// what it says is read from its log.
final class FeederBench: Sendable {
  let folder: TemporaryFolder
  let metrics = MetricsRegistry()
  private let settings: Settings.Feeder
  private let policy: FeedPolicy
  private let life: Mutex<Life>

  private struct Life: Sendable {
    let database: Database
    let service: FeederService
    let tasks: [Task<Void, any Error>]
  }

  /// Waits of tens of milliseconds, so that tests need not wait long.
  static var quick: Settings.Feeder {
    var settings = Settings().feeder
    settings.allowsPrivateAddresses = true
    settings.perHost = 4
    settings.attempts = 3
    return settings
  }

  static var quickPolicy: FeedPolicy {
    var policy = FeedPolicy()
    policy.schedule = PollSchedule(
      interval: .milliseconds(300), minimum: .milliseconds(200), maximum: .milliseconds(400))
    policy.redirects.patience = .milliseconds(100)
    policy.gonePatience = .milliseconds(300)
    policy.outageWait = .milliseconds(200)
    return policy
  }

  /// A day between fetches: a feed is fetched when it is new or asked for.
  static var calmPolicy: FeedPolicy {
    var policy = quickPolicy
    policy.schedule = PollSchedule(
      interval: .seconds(86_400), minimum: .seconds(86_400), maximum: .seconds(86_400))
    return policy
  }

  init(settings: Settings.Feeder = quick, policy: FeedPolicy = quickPolicy) throws {
    folder = try TemporaryFolder()
    self.settings = settings
    self.policy = policy
    life = Mutex(
      try Self.begin(folder("feeder.sqlite"), folder("podcasts"), settings, policy, metrics))
  }

  deinit { life.withLock { life in for task in life.tasks { task.cancel() } } }

  private static func begin(
    _ path: String, _ archive: String, _ settings: Settings.Feeder, _ policy: FeedPolicy,
    _ metrics: MetricsRegistry
  ) throws -> Life {
    let database = try Database(path: path, schemas: FeederService.schemas)
    let service = FeederService(
      settings: settings, folder: archive, database: database, outbox: Outbox(),
      metrics: metrics, log: .silent, policy: policy,
      retries: RetryPolicy(
        backoff: BackoffPolicy(base: .milliseconds(20), cap: .milliseconds(100)),
        tries: settings.attempts))
    return Life(
      database: database, service: service,
      tasks: [
        Task { try await service.poller.run() }, Task { try await service.downloader.run() },
      ])
  }

  /// An orderly end and a new beginning on a copy of the database.
  func restart() async throws {
    let old = life.withLock { $0 }
    for task in old.tasks { task.cancel() }
    for task in old.tasks { _ = try? await task.value }
    let copy = folder("after-\(hexadecimal(randomBytes(4))).sqlite")
    try await old.database.backup(to: copy)
    let new = try Self.begin(copy, folder("podcasts"), settings, policy, MetricsRegistry())
    life.withLock { $0 = new }
  }

  var database: Database { life.withLock { $0.database } }
  var service: FeederService { life.withLock { $0.service } }

  // MARK: Saying something to it

  func command(_ body: some CommandMessage) async throws -> CommandOutcome {
    let id = MessageID.random()
    try await say(body, id: id)
    return try unwrap(try await said(CommandOutcome.self).last { $0.command == id })
  }

  private func say<Body: DurableMessage>(_ body: Body, id: MessageID) async throws {
    let apply = try unwrap(service.handlers.durable[Body.type])
    let bytes = try Array(JSONEncoder().encode(body))
    let received = Bus.Received(
      id: id, from: NodeID(unchecked: "gateway"), correlation: nil,
      createdAt: SystemTimeSource().now())
    try await database.write { try apply(bytes, received, $0) }
  }

  @discardableResult
  func add(
    _ url: String, id: String = "show", newest: Int? = nil, destinations: [String] = []
  ) async throws -> FeedID {
    let feed = FeedDefinition(
      id: FeedID(unchecked: id), url: url, newest: newest,
      destinations: destinations.map { DestinationID(unchecked: $0) })
    let outcome = try await command(PutFeed(feed: feed, mustBeNew: false))
    if outcome.refusal != nil { throw TestFailure(outcome.text ?? "refused") }
    return feed.id
  }

  // MARK: What it said and keeps

  func said<Body: DurableMessage>(_ type: Body.Type) async throws -> [Body] {
    let rows = try await database.read { transaction in
      try transaction.all(
        "SELECT body FROM bus_log WHERE type = ? ORDER BY sequence", type.type
      ) { row throws(StorageError) in try row.blob(0) }
    }
    return try rows.map { try JSONDecoder().decode(Body.self, from: Data($0)) }
  }

  func feed(_ id: String = "show") async throws -> FeedRow {
    try unwrap(try await database.read { try FeedCatalog.find(FeedID(unchecked: id), $0) })
  }

  func episodes(_ id: String = "show") async throws -> [EpisodeRow] {
    try await database.read { transaction in
      try EpisodeCatalog.forSnapshot(perFeed: 10_000, unfinished: 10_000, transaction)
        .filter { $0.feed.text == id }
        .sorted { ($0.publishedAt ?? .epoch, $0.title) < ($1.publishedAt ?? .epoch, $1.title) }
    }
  }

  /// Waits until the feed was fetched so often (as counted by outcome), and answers its row.
  func until(_ id: String = "show", is state: FeedState) async throws -> FeedRow {
    try await eventually("\(id) is \(state)") {
      let row = try await self.feed(id)
      return row.standing.state == state ? row : nil
    }
  }

  func archived(_ count: Int, of id: String = "show") async throws -> [EpisodeRow] {
    do {
      return try await eventually("\(count) episodes of \(id) are archived", within: .seconds(60)) {
        let archived = try await self.episodes(id).filter { $0.standing.state == .archived }
        return archived.count == count ? archived : nil
      }
    } catch {
      let seen = try await episodes(id).map { "\($0.title): \($0.standing)" }
      throw TestFailure("\(error); \(seen.joined(separator: "\n")); \(try await feed(id))")
    }
  }

  /// The names in the feed's folder, hidden ones too.
  func files(_ id: String = "show") -> [String] {
    TemporaryFolder.names(in: folder("podcasts/\(id)"))
  }
}

/// Media and feeds for tests.
enum Podcast {
  /// A tone of that many seconds as an MP3 of constant bit rate, 16 kB for each second.
  static func mp3(seconds: Double, tone: Int = 440, at path: String) async throws {
    try await ffmpeg([
      "-f", "lavfi", "-i", "sine=frequency=\(tone):duration=\(seconds)", "-b:a", "128k", path,
    ])
  }

  static func shell(_ line: String) async throws {
    let run = try await ChildProcess.run(
      ChildCommand("/bin/sh", ["-c", line]), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("\(line): \(run.errorText)") }
  }

  static func ffmpeg(_ arguments: [String]) async throws {
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg), ["-hide_banner", "-nostdin", "-v", "error", "-y"] + arguments),
      timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("ffmpeg \(run.exit): \(run.errorText)") }
  }

  struct Item {
    var guid: String?
    var title: String
    var url: String
    var date = "Tue, 10 Nov 2026 08:00:00 GMT"
    var length = 0
    var duration: String?
  }

  static func rss(_ items: [Item], channel: String = "") -> String {
    let entries = items.map { item in
      let guid = item.guid.map { "<guid isPermaLink=\"false\">\($0)</guid>" } ?? ""
      let duration = item.duration.map { "<itunes:duration>\($0)</itunes:duration>" } ?? ""
      return """
        <item><title>\(item.title)</title>\(guid)<pubDate>\(item.date)</pubDate>\(duration)
        <enclosure url="\(item.url)" type="audio/mpeg" length="\(item.length)"/></item>
        """
    }
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">
      <channel><title>A show</title>\(channel)
      \(entries.joined(separator: "\n"))
      </channel></rss>
      """
  }
}
