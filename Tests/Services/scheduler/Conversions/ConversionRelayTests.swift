import Base
import Messages
import Storage
import Testing

@testable import Bus
@testable import airloom_scheduler

@Suite("What converters say, passed on")
struct ConversionRelayTests {
  private let bench: SchedulerBench
  private let converter = NodeID(unchecked: "converter-1")
  private let id = JobID(unchecked: "drop-1")

  init() throws { bench = try SchedulerBench() }

  private func conversion(
    _ state: ConversionState, reason: String? = nil, isCancelled: Bool? = nil,
    file: FinishedFile? = nil
  ) -> Conversion {
    Conversion(
      id: id, node: converter, path: "/drops/a\nshow.ts", name: "a\nshow.ts", bytes: 1000,
      state: state, reason: reason, isCancelled: isCancelled, attempts: 1, file: file,
      foundAt: bench.time.now(), updatedAt: bench.time.now())
  }

  private func report(
    _ conversion: Conversion, to destinations: [String] = ["nas", "s3"], from node: NodeID? = nil
  ) async throws {
    try await bench.event(
      ConversionReported(
        conversion: conversion, destinations: destinations.map(DestinationID.init(unchecked:))),
      from: node ?? converter)
  }

  @Test("a report is kept and said once, and again to who comes later, over a crash")
  func kept() async throws {
    try await report(conversion(.growing, reason: "It grows."))
    for _ in 0..<2 { try await report(conversion(.queued)) }
    let changes = try await bench.said(ConversionChanged.self)
    #expect(changes.map(\.to) == ["*", "*"])
    #expect(changes.map(\.message.conversion?.state) == [.growing, .queued])
    try bench.crash()
    let snapshot = try #require(try bench.service.handlers.snapshot)
    let messages = try await bench.database.read { transaction in
      try snapshot(transaction).compactMap { $0 as? ConversionChanged }
    }
    #expect(messages == [ConversionChanged(id: id, conversion: conversion(.queued))])
  }

  @Test("what is converted is delivered to each destination, once for each content")
  func delivered() async throws {
    var file = SchedulerBench.file("show.mp4")
    for _ in 0..<2 { try await report(conversion(.converted, file: file)) }
    var requests = try await bench.said(Deliver.self)
    #expect(requests.map(\.to) == ["delivery", "delivery"])
    #expect(requests.map(\.message.destination.text) == ["nas", "s3"])
    #expect(requests.allSatisfy { $0.message.origin == .conversion && $0.message.recording == id })
    // The drop was moved away: another report of the same file.
    var moved = conversion(.converted, file: file)
    moved.path = "/done/show.ts"
    try await report(moved)
    requests = try await bench.said(Deliver.self)
    #expect(Set(requests.map(\.message.delivery)).count == 2)
    file.sha256 = String(repeating: "b", count: 64)
    try await report(conversion(.converted, file: file), to: ["nas"])
    requests = try await bench.said(Deliver.self)
    #expect(Set(requests.map(\.message.delivery)).count == 3)
  }

  @Test("a failure is told to people once, and taken back when somebody has acted")
  func alerts() async throws {
    let failed = conversion(.failed, reason: "It is 3 s long, not 10 s.")
    for _ in 0..<2 { try await report(failed) }
    let alerts = try await bench.said(RaiseAlert.self)
    #expect(alerts.map(\.to) == ["delivery"])
    let alert = try #require(alerts.first?.message)
    #expect(alert.id.text == "conversion-failed.drop-1")
    #expect(alert.subject == "A drop was not converted: a show.ts")
    #expect(alert.text.contains("It is 3 s long, not 10 s."))
    try await report(conversion(.growing))
    #expect(try await bench.said(EndAlert.self).map(\.message.id) == [alert.id])
    try await report(conversion(.failed, reason: "Called off.", isCancelled: true))
    #expect(try await bench.said(RaiseAlert.self).count == 1)
  }

  @Test("a command goes to the converter that has the drop, under its own id")
  func commands() async throws {
    try await report(conversion(.failed, reason: "No."))
    let asked = MessageID(unchecked: "asked")
    try await bench.event(RetryConversion(conversion: id), from: SchedulerBench.gateway, id: asked)
    try await bench.event(
      CancelConversion(conversion: id), from: SchedulerBench.gateway, id: .random())
    #expect(try await bench.said(RetryConversion.self).map(\.to) == ["converter-1"])
    #expect(try await bench.said(CancelConversion.self).map(\.to) == ["converter-1"])
    #expect(try await bench.ids(of: RetryConversion.self) == [asked])
    #expect(try await bench.said(CommandOutcome.self).isEmpty)
    try await bench.event(
      CommandOutcome(command: asked, refusal: .conflict, text: "It runs."), from: converter)
    let outcomes = try await bench.said(CommandOutcome.self)
    #expect(outcomes.map(\.to) == ["*"])
    #expect(outcomes.first?.message.command == asked)
  }

  @Test("a command about a drop that nobody has is refused")
  func unknown() async throws {
    let outcome = try await bench.command(RetryConversion(conversion: id))
    #expect(outcome.refusal == .notFound)
    #expect(outcome.text == "There is no conversion 'drop-1'.")
  }

  @Test("a converter speaks for its own drops only")
  func strangers() async throws {
    await #expect(throws: MessageRefused.self) {
      try await report(conversion(.queued), from: NodeID(unchecked: "converter-2"))
    }
    #expect(try await bench.said(ConversionChanged.self).isEmpty)
  }
}
