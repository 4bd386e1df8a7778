import Base
import Glibc
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Where the time goes with a hundred streams: by thread, with how often each was woken. Figures to look
/// at, of whatever build this is; `make bench` has those that count.
struct ManyStreamsBench {
  private static let streams = 100
  private static let seconds: Int64 = 20

  @Test(.enabled(if: ProcessInfo.isAsked), .timeLimit(.minutes(4)))
  func `A hundred streams by thread`() async throws {
    let server = try await IcecastServer.start(clients: 300)
    let source = try await CaptureTests.source(server, NumberedFrames())
    let desk = try await RecorderProcessTests.Desk()
    let child = try await desk.launch(["AIRLOOM_RECORDER_SEGMENT_S": "4"])
    try await eventually("the recorder is heard", within: .seconds(60)) { !desk.pulses.all.isEmpty }
    let now = SystemTimeSource().now()
    let ids = (0..<Self.streams).map { StreamID(unchecked: "s-\($0)") }
    let set = DesiredSet(
      version: 1,
      streams: ids.map { StreamDefinition(id: $0, name: "\($0)", urls: [server.url("live")]) },
      recordings: ids.map {
        plan("job-\($0)", stream: $0, from: now, to: now + .seconds(3600), name: "\($0)")
      })
    try await desk.give(set)
    try await eventually("all are captured", within: .seconds(60)) {
      Set(
        desk.all(CaptureChanged.self).filter { $0.status.state == .capturing }.map(\.status.stream)
      )
      .count == Self.streams
    }
    try await Task.sleep(for: .seconds(8))
    let socket = try UnixSocket.connect(desk.home("run/ingest-recorder-1.sock"))
    defer { close(socket) }
    let processes = [("recorder", child.pid), ("ingest", try #require(UnixSocket.process(socket)))]
    let before = processes.map { Threads(of: $0.1) }
    try await Task.sleep(for: .seconds(Self.seconds))
    for ((name, pid), before) in zip(processes, before) {
      print("\(name): \(Threads.pss(of: pid)) KiB PSS")
      Threads(of: pid).print(since: before, seconds: Double(Self.seconds))
    }
    source.stop()
    await child.stop()
  }
}

private enum ProcessInfo {
  static var isAsked: Bool { getenv("AIRLOOM_BENCH") != nil }
}

/// CPU time and wake-ups of a process's threads, from /proc.
private struct Threads {
  private var figures: [String: (name: String, milliseconds: Int, switches: Int)] = [:]

  init(of pid: Int32) {
    for thread in TemporaryFolder.names(in: "/proc/\(pid)/task") {
      let folder = "/proc/\(pid)/task/\(thread)"
      let fields =
        Self.text(folder + "/stat").split(separator: ")").last?.split(separator: " ") ?? []
      guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
        continue
      }
      let switches = Self.text(folder + "/status").split(separator: "\n")
        .first { $0.hasPrefix("voluntary") }?.split(separator: "\t").last.flatMap { Int($0) }
      let name = Self.text(folder + "/comm").split(separator: "\n").first.map(String.init) ?? "?"
      figures[thread] = (name, (user + system) * 10, switches ?? 0)
    }
  }

  func print(since before: Threads, seconds: Double) {
    var total = 0
    for (thread, now) in figures.sorted(by: { $0.value.name < $1.value.name }) {
      let then = before.figures[thread] ?? (now.name, 0, 0)
      let spent = now.milliseconds - then.milliseconds
      total += spent
      let wakes = Int(Double(now.switches - then.switches) / seconds)
      if spent > 0 || wakes > 5 {
        Swift.print("  \(now.name): \(Double(spent) / seconds / 10) %, \(wakes) wake-ups a second")
      }
    }
    Swift.print("  in all \(Double(total) / seconds / 10) % of a core")
  }

  static func pss(of pid: Int32) -> Int {
    text("/proc/\(pid)/smaps_rollup").split(separator: "\n").first { $0.hasPrefix("Pss:") }
      .flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
  }

  /// /proc tells no sizes, so it is read until nothing comes.
  private static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
