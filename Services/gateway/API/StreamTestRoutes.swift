import Base
import HTTPClient
import HTTPServer
import Messages
import Storage

/// `/api/v1/streams/test`: a recorder connects to a stream that need not be saved, and says what it
/// found. It is asked at its status address, which its heartbeats tell; nothing of the answer is kept.
struct StreamTestRoutes {
  /// A recorder answers within 25 seconds.
  private static let timeout = Duration.seconds(40)

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("POST", "/api/v1/streams/test") { request, _ in try await test(request) }
  }

  /// A stream that was never saved has no id yet; one that was keeps the secrets that pages never see.
  private func test(_ request: Request) async throws -> Response {
    let input: StreamRoutes.Input = try request.decoded()
    let routes = StreamRoutes(services: services)
    var stream = routes.definition(input, id: input.id ?? StreamID(unchecked: "test"))
    if let id = input.id,
      let known = try await services.database.read({ try StreamCatalog.find(id, $0) })
    {
      stream = stream.restoringSecrets(from: known.stream)
    }
    let recorders = services.nodes.all.filter {
      $0.isAlive && $0.heartbeat.recorder != nil && $0.heartbeat.http != nil
    }
    guard let address = recorders.first?.heartbeat.http else { throw StreamTestRoutes.isAway }
    return try await ask(address, StoredJSON.bytes(stream))
  }

  private func ask(_ address: String, _ body: [UInt8]) async throws -> Response {
    let client = services.streaming.client
    var request = HTTPRequest(
      "POST", "http://\(address)/streams/test", timeout: StreamTestRoutes.timeout)
    request.headers.append("Authorization", try await client.authorization())
    request.headers.append("Content-Type", "application/json")
    request.body = body
    request.acceptsAnyStatus = true
    request.redirectLimit = 0
    let response: HTTPResponse
    do {
      response = try await client.http.request(request)
    } catch {
      throw StreamTestRoutes.isAway
    }
    switch response.status {
    case 200: return .json(response.body)
    case 429:
      throw Problem(429, "busy", "Other streams are being tested; try again in a few seconds.")
    default:
      throw Problem(
        502, "failed",
        "The recorder answered \(response.status) instead of its findings; see its log."
      )
    }
  }

  private static let isAway = Problem(
    503, "away", "No recorder is heard from: see whether one runs, and try again.")
}
