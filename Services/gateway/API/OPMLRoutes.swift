import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/feeds.opml`: the podcasts as other programs read them.
struct OPMLRoutes {
  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/feeds.opml") { request, _ in try await export(request) }
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
