import Base
import Glibc
import Service
import TestSupport
import Testing

struct TapeTokenTests {
  @Test func `Many who make it at once all have the same one`() async throws {
    let folder = try TemporaryFolder()
    let path = folder("keys/tape.token")
    let tokens = try await withThrowingTaskGroup(of: TapeToken.self) { group in
      for _ in 0..<16 {
        group.addTask { try await onOwnThread { Result { try TapeToken.load(path) } }.get() }
      }
      var tokens: Set<TapeToken> = []
      for try await token in group { tokens.insert(token) }
      return tokens
    }
    #expect(tokens.count == 1 && tokens.first?.text.utf8.count == 64)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(try TapeToken.load(path) == tokens.first)
  }

  @Test func `What holds no token is not replaced`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("tape.token", "short\n")
    #expect(throws: ServiceError.self) { try TapeToken.load(path) }
    #expect(try DurableFile.read(path) == Array("short\n".utf8))
  }

  @Test func `Only the whole token is taken, and it does not show itself`() throws {
    let token = try #require(TapeToken(String(repeating: "0a", count: 32)))
    #expect(token.isShown(in: "Bearer " + token.text))
    for header in [nil, "", token.text, "bearer " + token.text, "Bearer " + token.text.dropLast()] {
      #expect(!token.isShown(in: header))
    }
    #expect(!token.isShown(in: "Bearer " + String(repeating: "0b", count: 32)))
    #expect(!"\(token)".contains(token.text))
    #expect(TapeToken(String(repeating: "0A", count: 32)) == nil)
  }
}
