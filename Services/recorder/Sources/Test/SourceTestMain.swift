import Base
import Configuration
import Glibc
import HTTPClient
import Messages
import Service

/// `airloom-recorder test`: says what a capture of the address on standard input would find. Needs no
/// service and changes nothing.
enum SourceTestMain {
  static func run(_ arguments: [String]) -> Never {
    Task.detached {
      do {
        let isGood = try await test(arguments)
        _exit(isGood ? ExitCode.success.rawValue : 1)
      } catch {
        say("\(error)", to: STDERR_FILENO)
        _exit(ExitCode.of(error).rawValue)
      }
    }
    while true { pause() }
  }

  private static func test(_ arguments: [String]) async throws -> Bool {
    let environment = ProcessEnvironment.current
    let isForPrograms = arguments.contains("--json")
    let options = try LaunchOptions(
      arguments: arguments.filter { $0 != "--json" }, environment: environment,
      defaultNode: NodeID(unchecked: "recorder-1"))
    let settings = try SettingsReader.read(
      path: options.settings.path, isRequired: options.settings.isRequired,
      environment: environment
    ).recorder
    guard let url = readLine(), !url.isEmpty else {
      throw ServiceError(
        .usage, "the address to test is read from standard input, and none is there")
    }
    let client = HTTPClient(addresses: settings.isPublicOnly ? .publicInternet : .all)
    let tester = SourceTester(
      opener: SourceRouter(settings, client: client), client: client,
      pages: PageSettings(settings).pages, connectTimeout: settings.connectTimeout)
    let report = await tester.test(
      StreamDefinition(id: StreamID(unchecked: "test"), name: "Test", urls: [url]))
    say(
      isForPrograms ? String(decoding: try report.json, as: UTF8.self) : report.text,
      to: STDOUT_FILENO)
    return report.ok
  }

  private static func say(_ text: String, to descriptor: Int32) {
    _ = try? Array("\(text)\n".utf8).withUnsafeBytes { bytes in
      try Syscall.writeAll(bytes, to: descriptor)
    }
  }
}

extension SourceReport {
  /// For people.
  var text: String {
    var lines = ["\(ok ? "good" : "no good")  \(address)", "read as      \(kind)"]
    if let server { lines.append("server       \(server)") }
    if let station = source?.station { lines.append("station      \(station)") }
    let times = [("answer", connectMs), ("first byte", firstByteMs), ("first frame", firstFrameMs)]
      .compactMap { name, value in value.map { "\(name) after \($0) ms" } }
    if !times.isEmpty { lines.append("times        \(times.joined(separator: ", "))") }
    for variant in variants {
      let parts = [
        variant.height.map { "\($0) lines" }, variant.bitsPerSecond.map { "\($0 / 1000) kbit/s" },
        variant.codecs,
      ]
      lines.append("offers       \(parts.compactMap(\.self).joined(separator: ", "))")
    }
    if !languages.isEmpty { lines.append("languages    \(languages.joined(separator: ", "))") }
    if let wouldRecord { lines.append("records      \(wouldRecord)") }
    if let problem { lines.append("problem      \(problem)") }
    return lines.joined(separator: "\n")
  }
}
