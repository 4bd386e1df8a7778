import Base
import HTTPServer
import Messages
import Storage
import XML

/// `/api/v1/feeds/import` and `/api/v1/feeds.opml`: lists of podcasts, as other programs have them.
struct OPMLRoutes {
  static let importPath = "/api/v1/feeds/import"
  static let largestDocument = 5 << 20

  private struct Input: Decodable {
    var opml: String
    var newest: Int?
    var destinations: [DestinationID]?
  }

  private struct Done: Encodable {
    let message: String
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("POST", OPMLRoutes.importPath) { try await importFeeds($0, $1) }
    router.add("GET", "/api/v1/feeds.opml") { request, _ in try await export(request) }
  }

  /// The document as it is (scripts), or in JSON with what holds for each feed (pages).
  private func importFeeds(_ request: Request, _ identity: Identity) async throws -> Response {
    var input = Input(opml: "")
    var document = request.body
    var contentType = request.header("Content-Type")
    if request.contentType == "application/json" {
      input = try request.decoded()
      document = Array(input.opml.utf8)
      // Whatever the document says of itself: it has come here as text.
      contentType = "text/xml; charset=utf-8"
    }
    guard document.count <= OPMLRoutes.largestDocument else {
      throw Problem(413, "too_large", "The document is larger than 5 MiB; split it.")
    }
    let feeds: [OPML.Feed]
    do {
      feeds = try await OPMLReader().feeds(in: document, contentType: contentType)
    } catch {
      throw Problem(
        422, "invalid", "The document cannot be read as OPML: \(error).", field: "opml")
    }
    guard !feeds.isEmpty else {
      throw Problem(422, "invalid", "There is no feed's address in this document.", field: "opml")
    }
    let commands = FeedBatches.split(feeds).map {
      ImportFeeds(feeds: $0, newest: input.newest, destinations: input.destinations ?? [])
    }
    return try await give(commands, identity)
  }

  /// All are given, whatever becomes of any; what is refused, or only noted so far, is the answer to
  /// the whole. The same document may be sent again, because known feeds are left alone.
  private func give(_ commands: [ImportFeeds], _ identity: Identity) async throws -> Response {
    let answers = try await withThrowingTaskGroup(of: CommandDesk.Answer.self) { group in
      for command in commands {
        group.addTask {
          try await services.desk.give(
            command, about: "\(command.feeds.count) feeds", to: services.settings.feeder,
            by: identity)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    if let open = answers.first(where: { $0.outcome == nil || $0.outcome?.refusal != nil }) {
      return try open.response()
    }
    let said = answers.compactMap { $0.outcome?.text }
    return try .json(Done(message: said.isEmpty ? "Imported." : said.joined(separator: " ")))
  }

  private func export(_ request: Request) async throws -> Response {
    let withSecrets = request.query("secrets") == "include"
    var document = OPMLDocument(title: "Podcasts archived by Airloom")
    var after: Cursor?
    repeat {
      let page = try await services.database.read { [after] in
        try FeedCatalog.page(search: "", state: nil, after: after, limit: 1000, $0)
      }
      for change in page.feeds {
        guard let feed = change.feed else { continue }
        let shown = withSecrets ? feed : feed.withoutSecrets
        document.add(title: feed.name ?? change.status.title ?? shown.url, url: shown.url)
      }
      after = page.next
    } while after != nil
    return Response.text(document.text, contentType: "text/x-opml; charset=utf-8")
      .with(
        "Content-Disposition", ContentDisposition.value("attachment", fileName: "podcasts.opml"))
  }
}

/// Reads one document on a thread of its own, so that a large one holds up nobody.
private actor OPMLReader {
  private let thread = DedicatedThread(named: "opml")
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  func feeds(in document: [UInt8], contentType: String?) throws(XMLError) -> [OPML.Feed] {
    try OPML.feeds(in: document, contentType: contentType)
  }
}

/// Cuts a list of feeds into messages that the bus can carry.
enum FeedBatches {
  /// Of what becomes at most twice as long in JSON.
  private static let largest = 400 << 10
  /// In bytes; nothing that works is longer.
  private static let longestAddress = 8000

  /// Addresses that are too long to be any are left out, and names are shortened.
  static func split(_ feeds: [OPML.Feed]) -> [[ListedFeed]] {
    var batches: [[ListedFeed]] = []
    var batch: [ListedFeed] = []
    var bytes = 0
    for feed in feeds where feed.url.utf8.count <= longestAddress {
      let listed = ListedFeed(url: feed.url, name: feed.name.map { String($0.prefix(300)) })
      let size = listed.url.utf8.count + (listed.name?.utf8.count ?? 0) + 40
      if batch.count == ImportFeeds.mostFeeds || bytes + size > largest {
        batches.append(batch)
        (batch, bytes) = ([], 0)
      }
      batch.append(listed)
      bytes += size
    }
    return batch.isEmpty ? batches : batches + [batch]
  }
}
