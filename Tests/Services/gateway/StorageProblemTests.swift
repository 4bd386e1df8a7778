import HTTPServer
import Storage
import Testing

@testable import airloom_gateway

@Suite("A database that takes nothing")
struct StorageProblemTests {
  @Test(
    "is told with its cause and what to do",
    arguments: [
      (StorageError.Kind.diskFull, 507, "full"), (.inputOutput, 503, "check its disk"),
      (.notPermitted, 503, "check its disk"),
    ])
  func told(kind: StorageError.Kind, status: Int, words: String) async {
    let problem = await #expect(throws: Problem.self) {
      _ = try await Problem.telling { throw StorageError(kind, "secret of the statement") }
    }
    #expect(problem?.status == status)
    #expect(problem?.message.contains(words) == true)
    #expect(problem?.message.contains("secret") == false)
  }

  @Test("by a fault of ours is left to the log", arguments: [StorageError.Kind.misuse, .corrupt])
  func ours(kind: StorageError.Kind) async {
    await #expect(throws: StorageError.self) {
      _ = try await Problem.telling { throw StorageError(kind, "") }
    }
  }
}
