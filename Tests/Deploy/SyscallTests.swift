import Base
import Glibc
import Subprocess
import TestSupport
import Testing

/// The services under the system call filter of their units, as far as that can be tried without
/// systemd: what strace sees from the first instruction to the end of the drain is compared with
/// what the filter lets through.
@Suite("The system calls of the services")
struct SyscallTests {
  private static let strace = Tool("strace", package: "strace")
  private static let analyze = Tool("systemd-analyze", package: "systemd")

  @Test(
    "are such as the units' filter lets through",
    arguments: ["scheduler", "recorder", "converter", "feeder", "delivery", "gateway"])
  func filter(service: String) async throws {
    let allowed = try await Self.allowed()
    #expect(allowed.contains("openat") && !allowed.contains("mount"))
    let home = try TemporaryFolder()
    try home.file("airloom.toml", "[web]\nport = 0\n")
    var command = ChildCommand(
      try requires(Self.strace),
      [
        "-f", "-qq", "-o", home("calls"), "--", try BuiltPrograms.path("airloom-\(service)"),
        "--home", home.path,
      ])
    command.errors = .tail(limit: 64 << 10)
    let child = try await ChildProcess.start(command)
    try await eventually("the \(service) is ready", within: .seconds(120)) {
      if let exit = child.ending { throw TestFailure("it \(exit): \(child.errorText)") }
      return child.errorText.contains(" ready ")
    }
    try await Self.endTraced(child.pid)
    #expect(await child.exit().reason == .exited(0), "\(child.errorText)")
    let used = Self.names(in: String(decoding: try DurableFile.read(home("calls")), as: UTF8.self))
    #expect(used.contains("execve") && used.contains("epoll_wait") || used.contains("poll"))
    // SQLite gives its files to the database's owner, but only where it is root, which no unit is.
    let asRoot: Set<String> = geteuid() == 0 ? ["fchown"] : []
    #expect(used.subtracting(allowed).subtracting(asRoot) == [], "\(service)")
  }

  /// SIGTERM to the service; strace itself passes none on.
  private static func endTraced(_ tracer: Int32) async throws {
    let children = String(
      decoding: try DurableFile.read("/proc/\(tracer)/task/\(tracer)/children"), as: UTF8.self)
    guard let pid = children.split(separator: " ").first.flatMap({ Int32($0) }) else {
      throw TestFailure("strace has no child")
    }
    kill(pid, SIGTERM)
  }

  /// `SystemCallFilter=@system-service` without `@privileged`, spelled out by systemd itself.
  private static func allowed() async throws -> Set<String> {
    try requires(analyze)
    var sets: [String: Set<String>] = [:]
    let text = try await DeployedTree.run("systemd-analyze", ["syscall-filter", "--no-pager"]).text
    var current = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("@") { current = String(line) }
      let word = line.drop { $0 == " " }
      if line.hasPrefix(" "), !word.hasPrefix("#") {
        sets[current, default: []].insert(String(word))
      }
    }
    func spelled(_ name: String) -> Set<String> {
      (sets[name] ?? []).reduce(into: []) { all, entry in
        if entry.hasPrefix("@") { all.formUnion(spelled(entry)) } else { all.insert(entry) }
      }
    }
    return spelled("@system-service").subtracting(spelled("@privileged"))
  }

  /// Calls that were refused by the kernel count as well: the filter would refuse them first.
  private static func names(in trace: String) -> Set<String> {
    var names: Set<String> = []
    for line in trace.split(separator: "\n") {
      let rest = line.drop { $0.isNumber }.drop { $0 == " " }
      guard let end = rest.firstIndex(of: "(") else { continue }
      let name = rest[..<end]
      if name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) { names.insert(String(name)) }
    }
    return names
  }
}
