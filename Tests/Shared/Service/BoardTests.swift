import Base
import Messages
import Service
import TestSupport
import Testing

@Suite("What a process knows of itself")
struct BoardTests {
  @Test("health is as good as its worst part, and each fault is a sentence")
  func health() {
    let board = HealthBoard()
    #expect(board.worst == .ok)
    board.ok("disk")
    board.degraded("bus", "the scheduler is not there")
    #expect(board.worst == .degraded)
    board.failed("disk", "no space is left")
    #expect(board.worst == .failed)
    #expect(board.faults == ["bus: the scheduler is not there", "disk: no space is left"])
    board.ok("disk")
    board.remove("bus")
    #expect(board.worst == .ok)
    #expect(board.faults.isEmpty)
  }

  @Test("progress stalls when one loop stands still")
  func progress() {
    let board = ProgressBoard()
    #expect(board.stalled().isEmpty)
    let first = board.register("first")
    let second = board.register("second")
    // New ones have until the next look.
    #expect(board.stalled().isEmpty)
    first.step()
    #expect(board.stalled() == ["second"])
    second.step()
    #expect(board.stalled() == ["first"])
    board.retire(first)
    second.step()
    #expect(board.stalled().isEmpty)
    #expect(board.total == 2)
  }

  @Test("the ring keeps the last warnings and errors, redacted, and nothing else")
  func errors() {
    let ring = ErrorRing(limit: 3)
    let log = Logger(level: .debug) { ring.take($0) }
    log.info("not kept")
    for number in 1...4 { log.warning("kept", ("number", number)) }
    log.error("last", ("url", "http://ann:secret@host/"))
    #expect(ring.all.map(\.message) == ["kept", "kept", "last"])
    #expect(ring.all.first?.fields == ["number": "3"])
    #expect(ring.all.last?.level == "error")
    #expect(ring.all.last?.fields["url"]?.contains("secret") == false)
  }

  @Test("a drain is final")
  func state() {
    let state = ServiceState()
    #expect(state.takesNewWork)
    #expect(state.set(.paused))
    #expect(!state.takesNewWork)
    #expect(state.set(.running))
    #expect(state.set(.draining))
    #expect(!state.set(.running))
    #expect(!state.set(.paused))
    #expect(state.current == .draining)
  }

  @Test("the drain switch has one reason, told to all who wait, before and after")
  func drain() async {
    let drain = DrainSwitch()
    async let early = drain.wait()
    drain.pull("first")
    drain.pull("second")
    #expect(await early == "first")
    #expect(await drain.wait() == "first")
    #expect(drain.reason == "first")
  }

  @Test("waiting for the drain ends when the task is cancelled")
  func cancelledWait() async {
    let drain = DrainSwitch()
    let waiting = Task { await drain.wait() }
    waiting.cancel()
    #expect(await waiting.value == nil)
  }
}
