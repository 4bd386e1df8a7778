import Base
import FoundationEssentials
import HTTPClient
import Messages
import Synchronization
import TestSupport

/// The REST interface as a page of a logged-in person uses it. Finds the gateway's port anew for each
/// request, because it may have been started again.
final class RESTClient: Sendable {
  /// What came back to a command.
  enum Answer: Sendable {
    case done(status: Int, body: [UInt8])
    /// Noted; the outcome is found under this id.
    case noted(MessageID)
    case refused(status: Int, sentence: String)
    /// There was no answer: it may have been done or not.
    case unknown(String)

    /// Whether the gateway has promised that it is done or will be.
    var isAcknowledged: Bool {
      switch self {
      case .done, .noted: true
      case .refused, .unknown: false
      }
    }
  }

  private struct Login: Encodable {
    let name = "admin"
    let password: String
  }

  private struct Noted: Decodable { let command: MessageID }
  private struct ProblemBody: Decodable {
    struct Content: Decodable { let message: String }
    let error: Content
  }

  private let home: String
  private let client = HTTPClient()
  private let cookie = Mutex<String?>(nil)

  init(_ installation: Installation) { home = installation.home.path }

  var port: Int? {
    (try? DurableFile.read("\(home)/run/gateway.port"))
      .flatMap { Int(String(decoding: $0, as: UTF8.self).filter(\.isNumber)) }
  }

  /// Waits for the gateway and logs in.
  func logIn(password: String = Installation.password) async throws {
    let body = try JSONEncoder().encode(Login(password: password))
    let response = try await eventually("the gateway takes a login", within: .seconds(60)) {
      let response = try? await self.send("POST", "/api/v1/session", Array(body))
      if let status = response?.status, status == 401 || status == 403 {
        throw TestFailure("the login was refused with \(status)")
      }
      return response?.status == 200 ? response : nil
    }
    guard let set = response.headers["Set-Cookie"]?.split(separator: ";").first else {
      throw TestFailure("the login gave no cookie")
    }
    cookie.withLock { $0 = String(set) }
  }

  func logOut() { cookie.withLock { $0 = nil } }

  /// One request, whatever it is answered.
  func send(
    _ method: String, _ path: String, _ body: [UInt8] = [], headers: HTTPHeaders = [:]
  ) async throws -> HTTPResponse {
    guard let port else { throw TestFailure("the gateway has no port file yet") }
    var request = HTTPRequest(
      method, "http://127.0.0.1:\(port)\(path)", timeout: .seconds(20))
    request.headers = headers
    request.acceptsAnyStatus = true
    request.acceptsCompression = false
    request.largestBody = 64 << 20
    request.redirectLimit = 0
    request.body = body
    if method != "GET" { request.headers.append("Origin", "http://127.0.0.1:\(port)") }
    if !body.isEmpty { request.headers.append("Content-Type", "application/json") }
    if let cookie = cookie.withLock({ $0 }) { request.headers.append("Cookie", cookie) }
    return try await client.request(request)
  }

  func get<Body: Decodable>(_ path: String, as type: Body.Type = Body.self) async throws -> Body {
    let response = try await send("GET", path)
    guard response.status == 200 else {
      throw TestFailure("GET \(path): \(response.status) \(text(response))")
    }
    return try JSONDecoder().decode(Body.self, from: Data(response.body))
  }

  /// As `get`, nil while the gateway is away or has nothing there.
  func find<Body: Decodable>(_ path: String, as type: Body.Type = Body.self) async -> Body? {
    try? await get(path, as: type)
  }

  func command(_ method: String, _ path: String, _ body: some Encodable) async -> Answer {
    do {
      let response = try await send(method, path, Array(try JSONEncoder().encode(body)))
      let data = Data(response.body)
      switch response.status {
      case 202: return .noted(try JSONDecoder().decode(Noted.self, from: data).command)
      case 200..<300: return .done(status: response.status, body: response.body)
      // Nothing was stored (507, 503); any other fault may have come after the commit.
      case 500..<503, 504..<507, 508...: return .unknown("\(response.status) \(text(response))")
      default:
        let problem = try? JSONDecoder().decode(ProblemBody.self, from: data)
        return .refused(
          status: response.status, sentence: problem?.error.message ?? text(response))
      }
    } catch {
      return .unknown("\(error)")
    }
  }

  /// A command that must be acknowledged.
  func post(_ path: String, _ body: some Encodable) async throws {
    let answer = await command("POST", path, body)
    guard answer.isAcknowledged else { throw TestFailure("POST \(path): \(answer)") }
  }

  private func text(_ response: HTTPResponse) -> String {
    String(decoding: response.body.prefix(500), as: UTF8.self)
  }
}

struct NoBody: Codable, Sendable {}
