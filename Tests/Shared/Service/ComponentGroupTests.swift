import Base
import Synchronization
import TestSupport
import Testing

@testable import Service

@Suite("A group of components")
struct ComponentGroupTests {
  @Test("starts in order, runs when all have started, and ends in reverse order")
  func order() async throws {
    let journal = Journal()
    let drain = DrainSwitch()
    let group = group([Part("a", journal), Part("b", journal), Part("c", journal)], drain)
    try await group.run {
      journal.add("ready")
      drain.pull("test")
    } onDrain: {
      journal.add("drain: \($0)")
    }
    #expect(
      journal.lines.filter { !$0.hasPrefix("run") } == [
        "start a", "start b", "start c", "ready", "drain: test", "end c", "end b", "end a",
      ])
    #expect(journal.lines.filter { $0.hasPrefix("run") }.sorted() == ["run a", "run b", "run c"])
  }

  @Test("does not run when one cannot start")
  func failedStart() async {
    let journal = Journal()
    let broken = Part("b", journal, start: { throw TestFailure("no port") })
    let group = group([Part("a", journal), broken, Part("c", journal)], DrainSwitch())
    let error = await #expect(throws: TestFailure.self) {
      try await group.run {
      } onDrain: { _ in
      }
    }
    #expect(error?.description == "no port")
    #expect(journal.lines == ["start a", "start b"])
  }

  @Test("drains when one fails, and throws its error")
  func failedRun() async {
    let journal = Journal()
    let broken = Part("b", journal, run: { throw TestFailure("the disk is gone") })
    let group = group([Part("a", journal), broken], DrainSwitch())
    let error = await #expect(throws: TestFailure.self) {
      try await group.run {
      } onDrain: {
        journal.add("drain: \($0)")
      }
    }
    #expect(error?.description == "the disk is gone")
    #expect(journal.lines.contains("drain: b failed"))
    #expect(journal.lines.last == "end a")
  }

  @Test("takes a component that simply ends for a fault")
  func endedRun() async {
    let journal = Journal()
    let group = group([Part("a", journal), Part("b", journal, run: {})], DrainSwitch())
    let error = await #expect(throws: ServiceError.self) {
      try await group.run {
      } onDrain: { _ in
      }
    }
    #expect(error?.description == "b ended though nobody asked it to")
  }

  private func group(_ parts: [Part], _ drain: DrainSwitch) -> ComponentGroup {
    ComponentGroup(components: parts, drain: drain, log: .silent)
  }
}

private final class Journal: Sendable {
  private let entries = Mutex<[String]>([])
  var lines: [String] { entries.withLock { $0 } }
  func add(_ line: String) { entries.withLock { $0.append(line) } }
}

private struct Part: ServiceComponent {
  let name: String
  private let journal: Journal
  private let onStart: @Sendable () async throws -> Void
  private let onRun: (@Sendable () async throws -> Void)?

  init(
    _ name: String, _ journal: Journal,
    start: @escaping @Sendable () async throws -> Void = {},
    run: (@Sendable () async throws -> Void)? = nil
  ) {
    self.name = name
    self.journal = journal
    onStart = start
    onRun = run
  }

  func start() async throws {
    journal.add("start \(name)")
    try await onStart()
  }

  func run() async throws {
    journal.add("run \(name)")
    if let onRun { return try await onRun() }
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(1000)) }
    journal.add("end \(name)")
  }
}
