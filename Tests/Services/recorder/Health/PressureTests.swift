import Base
import Glibc
import TestSupport
import Testing

@testable import airloom_recorder

struct PressureTests {
  static let gib: Int64 = 1 << 30

  @Test func `A disk that fills evenly is foreseen`() throws {
    var foresight = DiskForesight()
    var now = Monotonic(nanoseconds: 0)
    for minute in 0..<20 {
      foresight.note(
        free: 100 * Self.gib - Int64(minute) * 60_000_000, written: Int64(minute) * 48_000_000,
        now: now)
      now = now + .seconds(60)
    }
    #expect(foresight.tapeBytesPerSecond == 800_000)
    let remaining = try #require(foresight.remaining)
    #expect(abs(remaining.inSeconds - Double(100 * Self.gib) / 1_000_000) < 2000)
  }

  @Test func `A file that comes or goes at once does not hide the growth`() throws {
    var foresight = DiskForesight()
    var now = Monotonic(nanoseconds: 0)
    for step in 0..<60 {
      let freed: Int64 = step >= 40 ? 5 * Self.gib : 0
      foresight.note(free: 10 * Self.gib + freed - Int64(step) * 30_000_000, written: 0, now: now)
      now = now + .seconds(30)
    }
    let remaining = try #require(foresight.remaining)
    #expect(remaining > .seconds(10_000) && remaining < .seconds(18_000), "\(remaining)")
  }

  @Test func `A disk whose tapes are kept in bounds is not foreseen to fill`() {
    var foresight = DiskForesight()
    var now = Monotonic(nanoseconds: 0)
    for step in 0..<100 {
      foresight.note(
        free: 10 * Self.gib + Int64(step % 2) * 1_000_000, written: Int64(step) * 480_000, now: now)
      now = now + .seconds(30)
    }
    #expect(foresight.remaining == nil || foresight.remaining ?? .zero > .seconds(86_400))
    #expect(foresight.tapeBytesPerSecond == 16_000)
  }

  @Test func `Nothing is foreseen from two minutes`() {
    var foresight = DiskForesight()
    for step in 0..<4 {
      foresight.note(
        free: Self.gib - Int64(step) << 20, written: 0,
        now: Monotonic(nanoseconds: Int64(step) * 30_000_000_000))
    }
    #expect(foresight.remaining == nil && foresight.tapeBytesPerSecond == nil)
  }

  @Test(arguments: [
    (Int64(3000), DiskPressure.Level.fine), (1500, .warned), (900, .spared), (500, .emergency),
    (0, .emergency),
  ]) func `Less room is a higher level`(_ free: Int64, _ level: DiskPressure.Level) {
    var pressure = DiskPressure(reserve: 1024 << 20)
    pressure.note(free: free << 20, size: 1 << 40)
    #expect(pressure.level == level)
  }

  @Test func `A level is left only with some room to spare`() {
    var pressure = DiskPressure(reserve: 1000)
    pressure.note(free: 990, size: 1_000_000)
    #expect(pressure.level == .spared)
    pressure.note(free: 1050, size: 1_000_000)
    #expect(pressure.level == .spared)
    pressure.note(free: 1150, size: 1_000_000)
    #expect(pressure.level == .warned)
    pressure.note(free: 5000, size: 1_000_000)
    #expect(pressure.level == .fine)
  }

  @Test func `The reserve of a small disk is a small one`() {
    var pressure = DiskPressure(reserve: 1 << 30)
    pressure.note(free: 200 << 20, size: 256 << 20)
    #expect(pressure.level == .fine)
  }

  @Test func `Memory is short by its own group before the machine is`() {
    var memory = MemoryPressure()
    let well = MemoryPressure.Reading(
      used: 100, limit: 1000, available: 20_000, total: 24_000, stalled: 0)
    memory.note(well)
    #expect(memory.level == .fine)
    var tight = well
    tight.used = 950
    memory.note(tight)
    #expect(memory.level == .short)
    tight.used = 900
    memory.note(tight)
    #expect(memory.level == .short)
    memory.note(well)
    #expect(memory.level == .fine)
    var waiting = well
    waiting.stalled = 30
    memory.note(waiting)
    #expect(memory.level == .short)
    memory.note(MemoryPressure.Reading())
    #expect(memory.level == .fine)
  }

  @Test func `The kernel's files of both kinds of groups are read`() throws {
    let folder = try TemporaryFolder()
    func put(_ path: String, _ text: String) throws {
      try folder.file(path, Array(text.utf8))
    }
    try put("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n")
    try put("proc/self/cgroup", "4:memory:/a/b\n0::/c\n")
    try put("proc/pressure/memory", "some avg10=12.50 avg60=0.00 total=0\nfull avg10=0\n")
    try put("sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", "900\n")
    try put("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "2000\n")
    try put("sys/fs/cgroup/memory/a/b/memory.stat", "cache 1\ntotal_cache 300\n")
    try put("sys/fs/cgroup/c/memory.current", "500\n")
    try put("sys/fs/cgroup/c/memory.high", "max\n")
    try put("sys/fs/cgroup/c/memory.max", "1000\n")
    try put("sys/fs/cgroup/c/memory.stat", "anon 1\nfile 100\n")
    let reading = MemoryReader(root: folder.path + "/").read()
    #expect(
      reading
        == MemoryPressure.Reading(
          used: 400, limit: 1000, available: 400 * 1024, total: 1000 * 1024, stalled: 12.5))
    // Without a limit the machine alone counts.
    try put("sys/fs/cgroup/c/memory.max", "max\n")
    try put("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n")
    #expect(MemoryReader(root: folder.path + "/").read().limit == nil)
    // And this machine's are readable.
    #expect(MemoryReader().read().total ?? 0 > 0)
  }
}
