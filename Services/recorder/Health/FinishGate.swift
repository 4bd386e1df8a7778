import Base
import Messages
import Storage
import Synchronization

/// Whether files of recordings may be made now: they wait where the disk or memory is short, because
/// their sound is safe on the tape and what is on the air is not.
final class FinishGate: Sendable {
  private struct State {
    /// Nothing new is begun.
    var disk: String?
    /// What runs is stopped too.
    var memory: String?
  }

  private let state = Mutex(State())

  /// One sentence each; nil where it is open.
  func set(disk: String?, memory: String?) {
    state.withLock { $0 = State(disk: disk, memory: memory) }
  }

  /// Why nothing may be begun.
  var objection: String? { state.withLock { $0.memory ?? $0.disk } }
  /// Why what runs must stop.
  var stop: String? { state.withLock { $0.memory } }
}

extension Finisher {
  /// Makes one try, where the gate is open; a try that it stops is none that counts.
  func attemptIfAllowed(_ job: JobID) async throws {
    if let objection = environment.gate.objection { throw FinishFailure(objection) }
    let database = environment.database
    let before = try await find(job)?.attempts
    do {
      try await stoppable { try await self.attempt(job) }
    } catch let shed as Shed {
      if let before {
        try await database.write {
          try RecordingCatalog.setAttempts(before, of: job, $0)
        }
      }
      environment.logs.note(job, "stopped: \(shed.reason)")
      throw FinishFailure(shed.reason)
    }
  }

  private struct Shed: Error { let reason: String }

  private func stoppable(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let gate = environment.gate
    try await withThrowingTaskGroup(of: String?.self) { group in
      group.addTask {
        try await body()
        return nil
      }
      group.addTask {
        while !Task.isCancelled {
          if let reason = gate.stop { return reason }
          try? await Task.sleep(for: .milliseconds(250))
        }
        return nil
      }
      defer { group.cancelAll() }
      guard let reason = try await group.next() ?? nil else { return }
      // Its FFmpeg is ended; whatever it says of that is of no interest.
      group.cancelAll()
      _ = try? await group.next()
      throw Shed(reason: reason)
    }
  }
}
