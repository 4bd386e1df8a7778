import Service
import Synchronization
import TestSupport
import Testing

@Suite struct BellTests {
  private final class Turns: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }

    func take() -> Int {
      count.withLock { count in
        count += 1
        return count
      }
    }
  }

  @Test func `The first turn is at once, the next at a ring, and the next when its time has come`()
    async throws
  {
    let bell = Bell()
    let turns = Turns()
    let loop = Task {
      await bell.takeTurns {
        // After the second, the third is due at once; otherwise nothing is for an hour.
        turns.take() == 2 ? .milliseconds(1) : .seconds(3600)
      }
    }
    try await eventually("the first") { turns.value == 1 }
    bell.ring()
    try await eventually("the second, and the third by itself") { turns.value == 3 }
    loop.cancel()
    await loop.value
    #expect(turns.value == 3)
  }

  @Test func `Rings during a turn are one turn more`() async throws {
    let bell = Bell()
    let turns = Turns()
    let loop = Task {
      await bell.takeTurns {
        if turns.take() == 1 { for _ in 0..<5 { bell.ring() } }
        return .seconds(3600)
      }
    }
    try await eventually("both") { turns.value == 2 }
    bell.ring()
    try await eventually("the one that was rung for") { turns.value == 3 }
    loop.cancel()
    await loop.value
    #expect(turns.value == 3)
  }

  @Test func `No turn is begun once the task is cancelled`() async {
    let bell = Bell()
    let turns = Turns()
    let loop = Task {
      await bell.takeTurns {
        _ = turns.take()
        withUnsafeCurrentTask { $0?.cancel() }
        bell.ring()
        return .zero
      }
    }
    await loop.value
    #expect(turns.value == 1)
  }
}
