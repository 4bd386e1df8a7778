import Base
import Glibc
import Media
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

struct HeldMemoryTests {
  struct Sharing: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var limit = 100
    let held: [Int]
    let excess: [Int]
  }

  static let sharings = [
    Sharing(testDescription: "nobody holds anything", held: [], excess: []),
    Sharing(testDescription: "all fits, to the byte", held: [50, 30, 20], excess: [0, 0, 0]),
    Sharing(testDescription: "one holds all", held: [130], excess: [30]),
    Sharing(
      testDescription: "who holds most gives, down to where all fits", held: [20, 90],
      excess: [0, 10]),
    Sharing(
      testDescription: "what small ones do not need is the large ones'", held: [10, 10, 85, 95],
      excess: [0, 0, 45, 55]),
    Sharing(
      testDescription: "a middle one stays where the rest is enough", held: [10, 30, 90],
      excess: [0, 0, 30]),
    Sharing(
      testDescription: "equals give alike, a byte that cannot be divided included",
      held: [40, 40, 40], excess: [7, 7, 7]),
    Sharing(
      testDescription: "no memory at all", limit: 0, held: [1, 5], excess: [1, 5]),
  ]

  @Test(arguments: sharings)
  func `Who gives up what`(_ sharing: Sharing) {
    var budget = HeldBudget(limit: sharing.limit)
    for (holder, bytes) in sharing.held.enumerated() { budget.note(bytes, of: holder) }
    #expect(sharing.held.indices.map { budget.excess(of: $0) } == sharing.excess)
    // Those who did so need to give up nothing more, and all together keep within the limit.
    for (holder, bytes) in sharing.held.enumerated() {
      budget.note(bytes - sharing.excess[holder], of: holder)
    }
    #expect(budget.total <= sharing.limit)
    #expect(sharing.held.indices.allSatisfy { budget.excess(of: $0) == 0 })
  }

  @Test func `What would be too much is known before it is there`() {
    var budget = HeldBudget(limit: 100)
    budget.note(60, of: 0)
    #expect(budget.excess(of: 1, adding: 40) == 0)
    // Half of the limit is its own, whatever another holds.
    #expect(budget.excess(of: 1, adding: 50) == 0)
    #expect(budget.excess(of: 1, adding: 51) == 1)
    #expect(budget.excess(of: 0, adding: 50) == 10)
    budget.note(0, of: 0)
    #expect(budget.total == 0 && budget.excess(of: 1, adding: 100) == 0)
  }

  @Test(
    arguments: [
      (nil, nil, 1024), (16_384, nil, 1024), (2048, nil, 512), (16_384, 512, 128),
      (1024, 8192, 256),
    ] as [(Int64?, Int64?, Int)])
  func `No more than a quarter of what there is`(_ total: Int64?, _ group: Int64?, _ mebibytes: Int)
  {
    var reading = MemoryPressure.Reading()
    reading.total = total.map { $0 << 20 }
    reading.limit = group.map { $0 << 20 }
    #expect(HeldBudget.limit(mebibytes: 1024, of: reading) == mebibytes << 20)
  }

  /// A store whose disk is full, fed a segment a second.
  final class Store {
    let disk = FaultyDisk()
    let folder: TemporaryFolder
    let store: MediaStore
    private var number: Int64 = 0

    init(_ memory: HeldMemory) throws {
      folder = try TemporaryFolder()
      store = MediaStore(root: folder.path, disk: disk, memory: memory)
      disk.fail(.create, with: ENOSPC)
    }

    static func start(_ number: Int64) -> Instant { TapeWriterTests.start + .seconds(number) }

    func put(_ count: Int, bytes: Int) {
      for _ in 0..<count {
        let start = Store.start(number)
        let content = MediaContent(
          container: .transportStream, duration: .seconds(1), codecs: "", height: nil,
          initialisation: nil, isIndependent: true, mediaSequence: number, discontinuity: 0,
          address: "")
        let path = MediaPath.path(
          .radio, start: start, sequence: number, mediaSequence: number,
          container: .transportStream)
        let segment = Segment(
          stream: .radio, sequence: number, start: start, bytes: Int64(bytes),
          content: .media(content), path: path, splice: .continuous)
        let held = MediaStore.Held(segment: segment, bytes: [UInt8](repeating: 1, count: bytes))
        store.put(held, now: Monotonic(nanoseconds: 0))
        number += 1
      }
    }
  }

  /// A writer whose disk is full, fed frames of 418 bytes.
  final class Writer {
    let disk = FaultyDisk()
    let folder: TemporaryFolder
    let writer: TapeWriter
    private var number: UInt64 = 0
    private var now = Monotonic(nanoseconds: 0)

    init(_ memory: HeldMemory) throws {
      folder = try TemporaryFolder()
      writer = TapeWriter(
        stream: .radio, root: folder.path, nextSequence: 0, disk: disk, memory: memory)
      disk.fail(.create, with: ENOSPC)
    }

    /// Begins a segment; the one before is closed then.
    func segment(frames count: Int) {
      writer.begin(
        start: Store.start(Int64(number)), format: TapeWriterTests.format, splice: .continuous,
        now: now)
      for _ in 0..<count {
        TapeWriterTests.frames.frame(number).withUnsafeBytes {
          writer.append($0, frames: 1, samples: 1152, now: now)
        }
        number += 1
        now = now + .milliseconds(26)
        writer.tick(now: now)
      }
    }
  }

  @Test func `A store waits at the station before it gives anything up`() throws {
    let memory = HeldMemory(limit: 1000)
    let one = try Store(memory)
    #expect(!one.store.isFull)
    one.put(3, bytes: 300)
    #expect(one.store.isFull && one.store.takeLost().isEmpty)
    #expect(memory.bytes == 900)
    // What comes all the same takes the place of the oldest.
    one.put(1, bytes: 300)
    let lost = one.store.takeLost()
    #expect(lost.map(\.start) == [Store.start(0)] && lost.map(\.end) == [Store.start(1)])
    #expect(lost.map(\.cause) == [.diskFull])
    #expect(lost.first?.detail.contains("held_mib") == true)
    #expect(memory.bytes == 900)
  }

  @Test func `Stores and writers share, the one that holds most giving first`() throws {
    let memory = HeldMemory(limit: 60_000)
    let large = try Store(memory)
    large.put(5, bytes: 10_000)
    let small = try Writer(memory)
    for _ in 0..<4 {
      // 4 KiB and a little.
      small.segment(frames: 10)
      large.store.tick(now: Monotonic(nanoseconds: 0))
    }
    #expect(small.writer.takeLost().isEmpty)
    #expect(large.store.takeLost().map(\.start) == [Store.start(0)])
    #expect(memory.bytes <= 60_000 && memory.bytes > 50_000)
    // Room again: the next try writes all, and nothing waits.
    small.disk.fail(.create, with: nil)
    large.disk.fail(.create, with: nil)
    let later = Monotonic(nanoseconds: 0) + .seconds(10)
    small.writer.tick(now: later)
    large.store.tick(now: later)
    #expect(small.writer.takeClosed().count == 3 && large.store.takeClosed().count == 4)
    #expect(memory.bytes == 0 && !large.store.isFull)
  }

  @Test func `A writer gives up what it closed and keeps what it is writing`() throws {
    let memory = HeldMemory(limit: 5000)
    let one = try Writer(memory)
    one.segment(frames: 20)
    one.segment(frames: 80)
    let lost = one.writer.takeLost()
    #expect(lost.map(\.start) == [Store.start(0)] && lost.map(\.cause) == [.diskFull])
    #expect(lost.first?.detail == SourceFailure.memoryUsedUp(.diskFull))
    #expect(one.writer.hasOpenSegment && memory.bytes > 5000)
  }
}
