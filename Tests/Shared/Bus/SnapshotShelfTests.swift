import Base
import Messages
import Testing

@testable import Bus

@Suite struct SnapshotShelfTests {
  private let position = Position(incarnation: Incarnation(unchecked: "i"), cursor: 7)
  private let id = MessageID(unchecked: "s")

  private func at(_ seconds: Int64) -> Monotonic { Monotonic(nanoseconds: seconds * 1_000_000_000) }

  private func parts(_ messages: [Note], _ shelf: inout SnapshotShelf) throws -> [SnapshotPart] {
    var parts: [SnapshotPart] = []
    repeat {
      let part = try shelf.part(parts.count, of: id, now: at(0)) { (position, messages) }
      guard let part else { break }
      parts.append(part)
    } while parts.last?.isLast == false
    return parts
  }

  @Test(
    "A snapshot is cut into parts that a packet can carry; the last one says so",
    arguments: [
      (0, 0, 1), (1, 0, 1), (500, 0, 1), (501, 0, 2), (1200, 0, 3), (4, 100_000, 2),
      (2, 300_000, 2), (1, 300_000, 1),
    ])
  func cut(count: Int, textBytes: Int, expected: Int) throws {
    var shelf = SnapshotShelf()
    let text = String(repeating: "x", count: textBytes)
    let all = try parts((0..<count).map { Note(number: $0, text: text) }, &shelf)
    #expect(all.count == expected)
    #expect(all.map(\.part) == Array(0..<all.count))
    #expect(all.map(\.isLast) == all.indices.map { $0 == all.count - 1 })
    #expect(all.reduce(0) { $0 + $1.messages.count } == count)
    #expect(all.allSatisfy { $0.position == position })
  }

  @Test("A part is handed out again as it was, and the snapshot is built once")
  func repeated() throws {
    var shelf = SnapshotShelf()
    var builds = 0
    let build = { () -> (Position, [any DurableMessage]) in
      builds += 1
      return (position, (0..<600).map { Note(number: $0 * builds) })
    }
    let first = try shelf.part(0, of: id, now: at(0), build: build)
    let second = try shelf.part(1, of: id, now: at(20), build: build)
    #expect(try shelf.part(0, of: id, now: at(45), build: build) == first)
    #expect(try shelf.part(1, of: id, now: at(60), build: build) == second)
    #expect(builds == 1)
    #expect(try shelf.part(2, of: id, now: at(60), build: build) == nil)
    #expect(
      try shelf.part(1, of: id, now: at(91), build: build) == nil, "it is given up after 30 s")
    #expect(try shelf.part(0, of: id, now: at(91), build: build) != nil)
    #expect(builds == 2)
  }

  @Test("A later part of an unknown snapshot is nothing, and builds nothing")
  func unknown() throws {
    var shelf = SnapshotShelf()
    let part = try shelf.part(3, of: id, now: at(0)) {
      Issue.record("built for nobody")
      return (position, [])
    }
    #expect(part == nil)
  }
}
