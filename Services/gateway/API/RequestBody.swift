import Base
import FoundationEssentials
import HTTPServer
import Storage

/// Reading what a request says, with refusals that name the field.
extension Request {
  func decoded<Body: Decodable>(as type: Body.Type = Body.self) throws(Problem) -> Body {
    do {
      return try JSONDecoder().decode(Body.self, from: Data(body))
    } catch let error as DecodingError {
      throw Request.problem(error)
    } catch {
      throw Problem(400, "not_json", "The request is not JSON.")
    }
  }

  /// A part of the path that names something; one that cannot be a name names nothing.
  func identifier<Name: Identifier>(
    _ parameter: String = "id", as type: Name.Type = Name.self
  ) throws(Problem) -> Name {
    guard let name = Name(self.parameter(parameter)) else { throw .notFound }
    return name
  }

  /// A name in the query; nil where there is none.
  func identifier<Name: Identifier>(
    query name: String, as type: Name.Type = Name.self
  ) throws(Problem) -> Name? {
    guard let text = query(name), !text.isEmpty else { return nil }
    guard let found = Name(text) else {
      throw Problem(422, "invalid", "'\(text)' cannot be an id.", field: name)
    }
    return found
  }

  /// A number in the query, within bounds.
  func number(_ name: String, default standard: Int, in range: ClosedRange<Int>) throws(Problem)
    -> Int
  {
    guard let text = query(name) else { return standard }
    guard let number = Int(text), range.contains(number) else {
      throw Problem(
        422, "invalid", "\(name) must be a number from \(range.lowerBound) to \(range.upperBound).",
        field: name)
    }
    return number
  }

  /// States in the query, with commas between; none where nothing is asked for.
  func states<State: RawRepresentable<String>>(
    _ type: State.Type, _ name: String = "state"
  ) throws(Problem) -> [State] {
    var states: [State] = []
    for text in (query(name) ?? "").split(separator: ",") {
      guard let state = State(rawValue: String(text)) else {
        throw Problem(422, "invalid", "There is no \(name) '\(text)'.", field: name)
      }
      states.append(state)
    }
    return states
  }

  /// One state in the query; nil where there is none.
  func state<State: RawRepresentable<String>>(
    _ type: State.Type, _ name: String = "state"
  ) throws(Problem) -> State? {
    guard let text = query(name), !text.isEmpty else { return nil }
    guard let state = State(rawValue: text) else {
      throw Problem(422, "invalid", "There is no \(name) '\(text)'.", field: name)
    }
    return state
  }

  func instant(_ name: String) throws(Problem) -> Instant? {
    guard let text = query(name), !text.isEmpty else { return nil }
    guard let instant = Instant(text) else {
      throw Problem(
        422, "invalid", "\(name) must be a time such as 2026-11-21T19:00:00Z.", field: name)
    }
    return instant
  }

  private static func problem(_ error: DecodingError) -> Problem {
    func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String? {
      let keys = context.codingPath + (last.map { [$0] } ?? [])
      let text = keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
      return text.isEmpty ? nil : text
    }
    switch error {
    case .keyNotFound(let key, let context):
      return Problem(
        422, "invalid", "\(key.stringValue) is missing.", field: path(context, key))
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      let field = path(context)
      return Problem(
        422, "invalid", "\(field ?? "This") is of another kind than is wanted here.", field: field)
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      return Problem(422, "invalid", "\(context.debugDescription).", field: path(context))
    default:
      return Problem(400, "not_json", "The request is not JSON.")
    }
  }
}

extension Response {
  static func json(_ value: some Encodable, status: Int = 200) throws -> Response {
    .json(try StoredJSON.bytes(value), status: status)
  }
}
