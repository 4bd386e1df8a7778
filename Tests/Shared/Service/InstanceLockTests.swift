import Glibc
import TestSupport
import Testing

@testable import Service

@Suite("The lock of a node")
struct InstanceLockTests {
  @Test("is had by one at a time, and names the one who has it")
  func once() async throws {
    let folder = try TemporaryFolder()
    let path = folder("scheduler.lock")
    var first: InstanceLock? = try InstanceLock(path: path, node: "scheduler")
    let error = #expect(throws: ServiceError.self) {
      try InstanceLock(path: path, node: "scheduler")
    }
    #expect(error?.code == .alreadyRunning)
    #expect(error?.description.contains("scheduler runs already as process \(getpid())") == true)
    withExtendedLifetime(first) {}
    first = nil
    // A child that another test is just starting holds a copy of the lock until its exec.
    try await eventually("the lock is free") {
      (try? InstanceLock(path: path, node: "scheduler")) != nil
    }
  }

  @Test("says what is wrong when its folder is missing")
  func missingFolder() {
    let error = #expect(throws: ServiceError.self) {
      try InstanceLock(path: "/no/such/lock", node: "scheduler")
    }
    #expect(error?.description.contains("/no/such/lock: No such file or directory") == true)
  }
}
