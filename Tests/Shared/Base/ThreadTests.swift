import Base
import Glibc
import Synchronization
import TestSupport
import Testing

/// Threads of our own: actors on them, and the alarm clock. Serialised, because the tests count the
/// process's threads and descriptors by name.
@Suite(.serialized) struct ThreadTests {
  private actor Worker {
    private let thread: DedicatedThread
    private var count = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ name: String) { thread = DedicatedThread(named: name) }

    func threadID() -> UInt { UInt(pthread_self()) }

    func add() -> Int {
      count += 1
      return count
    }

    func hop(to other: Worker) async -> (UInt, UInt, UInt) {
      let before = threadID()
      let there = await other.threadID()
      return (before, there, threadID())
    }

    nonisolated func assumed() -> Int { assumeIsolated { $0.add() } }
    func assumedInside() -> Int { assumed() }
  }

  /// Names of this process's threads.
  private func threads(named name: String) -> Int {
    TemporaryFolder.names(in: "/proc/self/task").filter { id in
      let text = (try? DurableFile.read("/proc/self/task/\(id)/comm")) ?? []
      return String(decoding: text, as: UTF8.self) == "\(name)\n"
    }.count
  }

  @Test("An actor's work is done on its own thread, one thing after another, also after a hop")
  func isolation() async throws {
    let first = Worker("iso-first")
    let second = Worker("iso-second")
    let (before, there, after) = await first.hop(to: second)
    #expect(before == after)
    #expect(before != there)
    #expect(threads(named: "iso-first") == 1)
    #expect(await first.assumedInside() == 1)
    let sum = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<1000 { group.addTask { await first.add() } }
      return await group.reduce(0, +)
    }
    #expect(sum == (2...1001).reduce(0, +))
  }

  @Test("The thread ends when its actor goes, a hundred times over")
  func noLeak() async throws {
    for _ in 0..<100 {
      let worker = Worker("leak-check")
      _ = await worker.add()
    }
    try await eventually("all threads have ended") { threads(named: "leak-check") == 0 }
  }

  @Test("The alarm fires at its instant, for a past one at once, again when set again")
  func alarm() async throws {
    let fired = Mutex<[Instant]>([])
    let time = SystemTimeSource()
    let alarm = try AlarmClock(named: "alarm-fires") { _ in fired.withLock { $0.append(time.now()) }
    }
    defer { alarm.stop() }
    let due = time.now() + .milliseconds(60)
    alarm.set(due)
    try await eventually("it fired") { fired.withLock { $0.count } == 1 }
    #expect(try #require(fired.withLock { $0.first }) >= due)
    alarm.set(Instant(microseconds: -5))
    try await eventually("it fired for a past instant") { fired.withLock { $0.count } == 2 }
    alarm.set(.epoch)
    try await eventually("it fired for the epoch") { fired.withLock { $0.count } == 3 }
  }

  @Test("A new alarm takes the place of the old one, and nil clears it")
  func rearm() async throws {
    let fired = Mutex(0)
    let time = SystemTimeSource()
    let alarm = try AlarmClock(named: "alarm-rearm") { _ in fired.withLock { $0 += 1 } }
    defer { alarm.stop() }
    let start = time.now()
    alarm.set(start + .milliseconds(50))
    alarm.set(.distantFuture)
    alarm.set(start + .milliseconds(50))
    alarm.set(nil)
    let probe = try AlarmClock(named: "alarm-probe") { _ in fired.withLock { $0 += 100 } }
    defer { probe.stop() }
    probe.set(start + .milliseconds(120))
    try await eventually("the later probe fired") { fired.withLock { $0 } >= 100 }
    #expect(fired.withLock { $0 } == 100)
  }

  @Test("A stopped alarm is silent, its thread ends, and no descriptor is left")
  func stops() async throws {
    let fired = Mutex(0)
    let before = TemporaryFolder.names(in: "/proc/self/fd").filter(isClockDescriptor).count
    for _ in 0..<50 {
      let alarm = try AlarmClock(named: "alarm-stops") { _ in fired.withLock { $0 += 1 } }
      alarm.set(.distantFuture)
      alarm.stop()
    }
    try await eventually("the threads ended") { threads(named: "alarm-stops") == 0 }
    try await eventually("the descriptors are closed") {
      TemporaryFolder.names(in: "/proc/self/fd").filter(isClockDescriptor).count <= before
    }
    #expect(fired.withLock { $0 } == 0)
  }

  private func isClockDescriptor(_ number: String) -> Bool {
    var target = [CChar](repeating: 0, count: 64)
    guard readlink("/proc/self/fd/\(number)", &target, 63) > 0 else { return false }
    return target.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }.contains("[timerfd]")
  }
}
