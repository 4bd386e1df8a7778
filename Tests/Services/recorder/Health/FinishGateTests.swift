import Base
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

struct FinishGateTests {
  @Test func `No file is begun while the disk or memory is short`() async throws {
    let studio = try await FinisherTests.studio(plan: FinisherTests.window())
    let gate = FinishGate()
    let finisher = studio.finisher(gate: gate)
    for (disk, memory) in [("no room", nil), (nil, "no memory")] as [(String?, String?)] {
      gate.set(disk: disk, memory: memory)
      await #expect(throws: FinishFailure.self) {
        try await finisher.attemptIfAllowed(FinisherTests.job)
      }
      #expect(try await Self.recording(studio).attempts == 0)
    }
    gate.set(disk: nil, memory: nil)
    try await finisher.attemptIfAllowed(FinisherTests.job)
    #expect(try await Self.recording(studio).phase == .finished)
  }

  @Test func `Want of memory stops what runs, and that is no failed try`() async throws {
    let studio = try await FinisherTests.studio(plan: FinisherTests.window(format: .mp3))
    let gate = FinishGate()
    // Memory becomes short just before FFmpeg is started, and this is noticed.
    let finisher = studio.finisher(gate: gate) { step in
      guard step == .cut else { return }
      gate.set(disk: nil, memory: "no memory")
      try eventuallyBlocking("the work is stopped") { Task.isCancelled }
    }
    await #expect(throws: FinishFailure.self) {
      try await finisher.attemptIfAllowed(FinisherTests.job)
    }
    let shed = try await Self.recording(studio)
    #expect(shed.attempts == 0 && shed.phase == .finishing)
    gate.set(disk: nil, memory: nil)
    try await studio.finisher(gate: gate).attemptIfAllowed(FinisherTests.job)
    let recording = try await Self.recording(studio)
    #expect(recording.phase == .finished && recording.attempts == 1)
  }

  static func recording(_ studio: Studio) async throws -> PlannedRecording {
    try #require(
      try await studio.database.read { try RecordingCatalog.find(FinisherTests.job, $0) })
  }
}
