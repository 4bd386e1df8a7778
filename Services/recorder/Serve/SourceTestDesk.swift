import Base
import FoundationEssentials
import HTTPServer
import Messages
import Service
import Synchronization

/// `POST /streams/test`: what a capture of the stream in the body would find, within 25 seconds.
///
/// Must show the installation's `TapeToken`. A few at a time; no tape is touched.
final class SourceTestDesk: Sendable {
  private static let mostAtOnce = 4

  private let tester: SourceTester
  private let tokenPath: String
  private let running = Mutex(0)

  init(tester: SourceTester, tokenPath: String) {
    self.tester = tester
    self.tokenPath = tokenPath
  }

  func addRoutes(to router: inout Router) {
    router.add("POST", "/streams/test") { [self] in try await test($0) }
  }

  private func test(_ request: Request) async throws -> Response {
    guard let header = request.header("Authorization"),
      try TapeToken.load(tokenPath).isShown(in: header)
    else {
      throw Problem(
        401, "unauthorized",
        "Streams are tested with the key in keys/tape.token: send it as 'Authorization: Bearer …'.")
    }
    let definition: StreamDefinition
    do {
      definition = try JSONDecoder().decode(StreamDefinition.self, from: Data(request.body))
    } catch {
      throw Problem(400, "invalid", "The body is no stream's definition.")
    }
    let isAdmitted = running.withLock { running in
      guard running < Self.mostAtOnce else { return false }
      running += 1
      return true
    }
    guard isAdmitted else {
      throw Problem(429, "busy", "Other streams are being tested; try again in a few seconds.")
    }
    defer { running.withLock { $0 -= 1 } }
    return .json(try await tester.test(definition).json)
  }
}

extension SourceReport {
  var json: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return Array(try encoder.encode(self))
    }
  }
}
