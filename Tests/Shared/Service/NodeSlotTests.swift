import Base
import Configuration
import Glibc
import Messages
import Subprocess
import TestSupport
import Testing

@testable import Service

@Suite("The slots of scaled workers")
struct NodeSlotTests {
  @Test("are taken from the first; what is free in between is taken before a new one")
  func firstFree() async throws {
    let folder = try TemporaryFolder()
    let home = Home(folder.path)
    try home.makeFolders()
    let first = try NodeSlot.take(.firstFree(service: "recorder"), in: home)
    var second: NodeSlot? = try NodeSlot.take(.firstFree(service: "recorder"), in: home)
    let third = try NodeSlot.take(.firstFree(service: "recorder"), in: home)
    let other = try NodeSlot.take(.firstFree(service: "converter"), in: home)
    #expect(
      [first, second, third, other].map(\.?.node.text)
        == ["recorder-1", "recorder-2", "recorder-3", "converter-1"])
    second = nil
    // A child that another test is just starting holds a copy of the lock until its exec.
    try await eventually("the second slot is taken again") {
      try NodeSlot.take(.firstFree(service: "recorder"), in: home).node.text == "recorder-2"
    }
    withExtendedLifetime((first, third, other)) {}
  }

  @Test("end in a sentence when all are held, and when the folder cannot be used")
  func noneFree() throws {
    let folder = try TemporaryFolder()
    let home = Home(folder.path)
    try home.makeFolders()
    let held = try (1...NodeSlot.limit).map { _ in
      try NodeSlot.take(.firstFree(service: "recorder"), in: home)
    }
    let full = #expect(throws: ServiceError.self) {
      try NodeSlot.take(.firstFree(service: "recorder"), in: home)
    }
    #expect(full?.code == .unavailable)
    #expect(full?.description.hasPrefix("recorder-1 to recorder-64 all run already") == true)
    withExtendedLifetime(held) {}
    let missing = #expect(throws: ServiceError.self) {
      try NodeSlot.take(.firstFree(service: "recorder"), in: Home("/no/such"))
    }
    #expect(missing?.description.contains("No such file or directory") == true)
  }

  @Test("six processes that come at once get six names, and each kill -9 frees just its own")
  func race() async throws {
    let folder = try TemporaryFolder()
    try folder.file("airloom.toml", "[web]\nport = 0\n")
    var workers: [String: ChildProcess] = [:]
    let children = try await withThrowingTaskGroup(of: ChildProcess.self) { group in
      for _ in 1...6 { group.addTask { try await Self.start(in: folder) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for child in children { workers[try await Self.name(of: child)] = child }
    #expect(workers.keys.sorted() == (1...6).map { "converter-\($0)" })
    for name in ["converter-4", "converter-2"] { await workers[name]?.stop(.kill) }
    for name in ["converter-2", "converter-4", "converter-7"] {
      let next = try await Self.start(in: folder, environment: ["AIRLOOM_NODE": "auto"])
      #expect(try await Self.name(of: next) == name)
      workers[name] = next
    }
    // Each has a database of its own, which its successor has found.
    #expect(
      TemporaryFolder.names(in: folder("data")).filter { $0.hasSuffix(".sqlite") }
        == (1...7).map { "converter-\($0).sqlite" })
  }

  private static func start(
    in folder: TemporaryFolder, environment: [String: String] = [:]
  ) async throws -> ChildProcess {
    var command = ChildCommand(
      try BuiltPrograms.path("airloom-converter"),
      ["--home", folder.path] + (environment.isEmpty ? ["--node", "auto"] : []))
    command.errors = .tail(limit: 64 << 10)
    command.environment = environment
    return try await ChildProcess.start(command)
  }

  /// As the process's first line tells it; returns once the process is ready.
  private static func name(of child: ChildProcess) async throws -> String {
    try await eventually("a worker is ready", within: .seconds(60)) {
      if let exit = child.ending { throw TestFailure("it \(exit): \(child.errorText)") }
      guard child.errorText.contains(" ready ") else { return nil }
      return child.errorText.split(whereSeparator: \.isWhitespace)
        .first { $0.hasPrefix("node=") }.map { String($0.dropFirst(5)) }
    }
  }
}
