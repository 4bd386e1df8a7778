import Base
import HTTPClient
import HTTPServer
import Messages
import Storage

/// `/api/v1/schedules/preview` and `/conflicts`: what lies ahead, as the scheduler works it out. It is
/// asked at its status address, which its heartbeats tell; nothing of the answer is kept.
struct PlanningRoutes {
  private static let timeout = Duration.seconds(10)

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("POST", "/api/v1/schedules/preview") { request, _ in try await preview(request) }
    router.add("GET", "/api/v1/conflicts") { request, _ in
      let hours = try request.number("hours", default: 24, in: 1...168)
      return try await ask("GET", "/conflicts?hours=\(hours)")
    }
  }

  /// A schedule that was never saved has no id yet.
  private func preview(_ request: Request) async throws -> Response {
    let count = try request.number("count", default: 50, in: 1...500)
    let input: ScheduleRoutes.Input = try request.decoded()
    let schedule = ScheduleRoutes(services: services).definition(
      input, id: input.id ?? ScheduleID(unchecked: "preview"))
    return try await ask(
      "POST", "/schedules/preview?count=\(count)", body: StoredJSON.bytes(schedule))
  }

  private func ask(_ method: String, _ path: String, body: [UInt8] = []) async throws -> Response {
    let scheduler = services.nodes.all.first {
      $0.heartbeat.node == services.settings.scheduler && $0.isAlive
    }
    guard let address = scheduler?.heartbeat.http else { throw PlanningRoutes.isAway }
    let client = services.streaming.client
    var request = HTTPRequest(method, "http://\(address)\(path)", timeout: PlanningRoutes.timeout)
    request.headers.append("Authorization", try await client.authorization())
    request.headers.append("Content-Type", "application/json")
    request.body = body
    request.acceptsAnyStatus = true
    request.redirectLimit = 0
    let response: HTTPResponse
    do {
      response = try await client.http.request(request)
    } catch {
      throw PlanningRoutes.isAway
    }
    switch response.status {
    case 200: return .json(response.body)
    case 400: return .json(response.body, status: 422)
    default:
      throw Problem(
        502, "failed",
        "The scheduler answered \(response.status) instead of its plan; see its log.")
    }
  }

  private static let isAway = Problem(
    503, "away", "The scheduler is not heard from: see whether it runs, and try again.")
}
