import Base
import Glibc
import Subprocess
import TestSupport
import Testing

@Suite("Many children")
struct LeakTests {
  @Test("200 of them, of every kind, leave no descriptor and no zombie behind")
  func nothingStays() async throws {
    // In a process of its own: other tests open descriptors and start children meanwhile.
    await #expect(processExitsWith: .success) {
      let before = descriptors()
      try await cycle(50)
      try await eventually("all children are gone and collected") { hasNoChild() }
      // The loop's own eventfd and what Swift's runtime opens for its timers stay, once.
      try await eventually("no descriptor is left") { descriptors() <= before + 3 }
    }
  }

  @Test("at the same time all end with their own answer")
  func concurrently() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<60 {
        group.addTask {
          let run = try await ChildProcess.run(
            shell("echo \(number); exit \(number)"), timeout: .seconds(60))
          return run.text == "\(number)\n" && run.exit.reason == .exited(Int32(number))
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}

private func descriptors() -> Int { TemporaryFolder.names(in: "/proc/self/fd").count }

/// Neither a living one nor a dead one that nobody collected.
private func hasNoChild() -> Bool {
  var information = siginfo_t()
  return waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD
}

/// Four children for each: one that ends, one that is stopped, one that never starts and one whose
/// handle is dropped.
private func cycle(_ count: Int) async throws {
  for _ in 0..<count {
    _ = try await ChildProcess.run(ChildCommand("cat"), input: [1, 2, 3], timeout: .seconds(20))
    var talker = ChildCommand("sleep", ["1000"])
    talker.input = .pipe
    talker.output = .tail(limit: 10)
    talker.errors = .pipe()
    _ = try await ChildProcess.start(talker).stop()
    _ = try? await ChildProcess.start(ChildCommand("no-such-program"))
    _ = try await ChildProcess.start(talker)
  }
}
