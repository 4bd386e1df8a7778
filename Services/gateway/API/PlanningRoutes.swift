import Base
import HTTPClient
import HTTPServer
import Messages
import Storage

/// `/api/v1/schedules/preview` and `/conflicts`: what lies ahead, as the scheduler works it out. It is
/// asked at its status address, which its heartbeats tell; nothing of the answer is kept.
///
/// A scheduler that is away is part of the answer: pages ask by themselves and again, and errors would
/// fill the browser's console.
struct PlanningRoutes {
  private struct NoConflicts: Encodable {
    let conflicts: [String] = []
    let problem: String
  }

  private struct NoPreview: Encodable {
    struct Fault: Encodable {
      let text: String
    }

    let starts: [String] = []
    let remarks: [String] = []
    let problem: Fault
  }

  private static let timeout = Duration.seconds(10)

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("POST", "/api/v1/schedules/preview") { request, _ in try await preview(request) }
    router.add("GET", "/api/v1/conflicts") { request, _ in
      let hours = try request.number("hours", default: 24, in: 1...168)
      do throws(Silence) {
        return try await ask("GET", "/conflicts?hours=\(hours)")
      } catch {
        return try .json(NoConflicts(problem: error.sentence))
      }
    }
  }

  /// A schedule that was never saved has no id yet.
  private func preview(_ request: Request) async throws -> Response {
    let count = try request.number("count", default: 50, in: 1...500)
    let input: ScheduleRoutes.Input = try request.decoded()
    let schedule = ScheduleRoutes(services: services).definition(
      input, id: input.id ?? ScheduleID(unchecked: "preview"))
    let body = try StoredJSON.bytes(schedule)
    do throws(Silence) {
      return try await ask("POST", "/schedules/preview?count=\(count)", body: body)
    } catch {
      return try .json(NoPreview(problem: NoPreview.Fault(text: error.sentence)))
    }
  }

  /// Why the scheduler did not say what was asked.
  private struct Silence: Error {
    let sentence: String

    static let away = Silence(
      sentence: "The scheduler is not heard from: see whether it runs, and try again.")
  }

  private func ask(
    _ method: String, _ path: String, body: [UInt8] = []
  ) async throws(Silence) -> Response {
    let scheduler = services.nodes.all.first {
      $0.heartbeat.node == services.settings.scheduler && $0.isAlive
    }
    guard let address = scheduler?.heartbeat.http else { throw .away }
    let client = services.streaming.client
    var request = HTTPRequest(method, "http://\(address)\(path)", timeout: PlanningRoutes.timeout)
    request.headers.append("Content-Type", "application/json")
    request.body = body
    request.acceptsAnyStatus = true
    request.redirectLimit = 0
    let response: HTTPResponse
    do {
      request.headers.append("Authorization", try await client.authorization())
      response = try await client.http.request(request)
    } catch {
      throw .away
    }
    switch response.status {
    case 200: return .json(response.body)
    case 400: return .json(response.body, status: 422)
    default:
      throw Silence(
        sentence: "The scheduler answered \(response.status) instead of its plan; see its log.")
    }
  }
}
