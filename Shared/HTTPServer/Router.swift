/// Finds the handler for a request by method and path pattern (`/streams/{id}/file`).
///
/// A literal part wins over a named one. HEAD is answered by the handler for GET. A value without
/// I/O; handlers are called by `respond`.
public struct Router: Sendable {
  public typealias Handler = @Sendable (Request) async throws -> Response

  /// What a router knows of one route; for checks against a description of the interface.
  public struct Route: Sendable {
    public let method: String
    public let pattern: String
    let parts: [Part]
    let handler: Handler
  }

  enum Part: Hashable {
    case literal(String)
    case parameter(String)
  }

  public private(set) var routes: [Route] = []

  public init() {}

  public mutating func add(_ method: String, _ pattern: String, _ handler: @escaping Handler) {
    precondition(pattern.hasPrefix("/"), "a route's pattern starts with a slash")
    let parts = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
      $0.hasPrefix("{") && $0.hasSuffix("}")
        ? Part.parameter(String($0.dropFirst().dropLast())) : .literal(String($0))
    }
    let isTaken = routes.contains { $0.method == method && $0.pattern == pattern }
    precondition(!isTaken, "the route \(method) \(pattern) is there twice")
    routes.append(Route(method: method, pattern: pattern, parts: parts, handler: handler))
  }

  /// The route for a request and what its pattern's parts matched.
  public func match(
    method: String, path: String
  ) throws(Problem) -> (route: Route, parameters: [String: String]) {
    let segments = try Router.segments(of: path)
    let method = method == "HEAD" ? "GET" : method
    let candidates = routes.filter { Router.matches($0.parts, segments) }
    guard !candidates.isEmpty else { throw .notFound }
    let fitting = candidates.filter { $0.method == method }
    guard let route = fitting.max(by: { Router.isLessSpecific($0.parts, $1.parts) }) else {
      throw Problem(
        405, "method_not_allowed",
        "\(method) is not possible here; allowed: "
          + Set(candidates.map(\.method)).sorted().joined(separator: ", ") + ".")
    }
    var parameters: [String: String] = [:]
    for (part, segment) in zip(route.parts, segments) {
      if case .parameter(let name) = part { parameters[name] = segment }
    }
    return (route, parameters)
  }

  /// The handler's response, or that of the problem it throws; another error becomes a 500 that
  /// tells the client nothing, and is handed to `onError`.
  public func respond(
    to request: Request, onError: @Sendable (any Error) -> Void = { _ in }
  ) async -> Response {
    do {
      let (route, parameters) = try match(method: request.method, path: request.path)
      var request = request
      request.parameters = parameters
      return try await route.handler(request)
    } catch let problem as Problem {
      return problem.response
    } catch {
      onError(error)
      return Problem(500, "internal", "Something went wrong here; the log says what.").response
    }
  }

  private static func segments(of path: String) throws(Problem) -> [String] {
    var segments: [String] = []
    for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let segment = PercentEncoding.decode(part) else {
        throw Problem(400, "bad_path", "The address has a broken escape in it.")
      }
      segments.append(segment)
    }
    return segments
  }

  private static func matches(_ parts: [Part], _ segments: [String]) -> Bool {
    guard parts.count == segments.count else { return false }
    return zip(parts, segments).allSatisfy { part, segment in
      switch part {
      case .literal(let text): text == segment
      case .parameter: !segment.isEmpty
      }
    }
  }

  /// Whether `left` names a part where `right` first spells it out.
  private static func isLessSpecific(_ left: [Part], _ right: [Part]) -> Bool {
    for (one, other) in zip(left, right) {
      switch (one, other) {
      case (.parameter, .literal): return true
      case (.literal, .parameter): return false
      default: continue
      }
    }
    return false
  }
}
