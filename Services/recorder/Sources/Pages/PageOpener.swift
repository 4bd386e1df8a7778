import Base
import HTTPClient
import Messages
import Subprocess
import Synchronization

/// Which pages are asked of which program.
struct PageSettings: Hashable, Sendable {
  /// `host`, `host/path` with `*`, and behind it `=yt-dlp` or `=streamlink` where it is not the usual.
  var patterns: [String] = []
  var usual = ResolverTool.ytDlp
  /// Name or path of each program.
  var programs: [ResolverTool: String] = [:]
  var timeout = Duration.seconds(30)

  var pages: [String] { patterns.map { Self.split($0).pattern } }

  func tool(for url: String) -> ResolverTool {
    patterns.map(Self.split).first { SourceRoute.matches(url, $0.pattern) }?.tool ?? usual
  }

  func program(_ tool: ResolverTool) -> String { programs[tool] ?? tool.rawValue }

  private static func split(_ text: String) -> (pattern: String, tool: ResolverTool?) {
    guard let mark = text.lastIndex(of: "="),
      let tool = ResolverTool(rawValue: String(text[text.index(after: mark)...]))
    else { return (text, nil) }
    return (String(text[..<mark]), tool)
  }
}

/// Connections to pages: a resolver is asked, and its answer comes as the whole body. The child ends
/// with the connection, or when its time is up.
final class PageOpener: SourceOpener {
  private let settings: PageSettings
  private let addresses: AddressGuard
  private let time: any TimeSource
  /// Programs that are new enough, so that each is asked for its version once.
  private let proven = Mutex<Set<String>>([])

  init(
    _ settings: PageSettings, addresses: AddressGuard = .none,
    time: any TimeSource = SystemTimeSource()
  ) {
    self.settings = settings
    self.addresses = addresses
    self.time = time
  }

  func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer {
    let task = Task {
      switch await resolve(request) {
      case .success(let source):
        connection.receive(ResolvedSource.head)
        _ = source.body.withUnsafeBytes { connection.receive($0, at: time.now()) }
        connection.finish(.byServer)
      case .failure(let failure): connection.finish(.byFailure(failure))
      }
    }
    return PageTransfer(task: task)
  }

  private func resolve(_ request: SourceRequest) async -> Result<ResolvedSource, SourceFailure> {
    let tool = settings.tool(for: request.url)
    let program = settings.program(tool)
    let url: String
    do {
      url = try await addresses.admit(request.url)
    } catch {
      return .failure(error)
    }
    do {
      if let objection = try await objection(to: tool, program) {
        return .failure(SourceFailure(.sourceRefused, objection, pace: .patient))
      }
      let agent = request.http.userAgent
      let command = tool.command(
        program, url: url, quality: request.quality,
        userAgent: agent == HTTPRequest("GET", "").userAgent ? nil : agent,
        timeout: settings.timeout)
      let run = try await ChildProcess.run(
        command, outputLimit: 16 << 20, timeout: settings.timeout, ladder: .kill)
      if run.isTimedOut {
        return .failure(
          SourceFailure(
            .sourceUnreachable,
            "\(tool.rawValue) has not found the page's stream within "
              + "\(Int(settings.timeout.inSeconds)) seconds.", pace: .slow))
      }
      return tool.read(
        run.output, errors: run.errorText, isSuccess: run.exit.isSuccess, now: time.now())
    } catch {
      return .failure(
        SourceFailure(
          .sourceRefused,
          "\(tool.rawValue) cannot be started (\(error)): install it, or name it in [recorder].",
          pace: .patient))
    }
  }

  private func objection(
    to tool: ResolverTool, _ program: String
  ) async throws(ChildError) -> String? {
    if proven.withLock({ $0.contains(program) }) { return nil }
    let run = try await ChildProcess.run(tool.versionCommand(program), timeout: .seconds(30))
    let needed = tool.oldestVersion.map(String.init).joined(separator: ".")
    guard let version = ResolverTool.version(in: run.text) else {
      return "\(tool.rawValue) does not say its version; \(needed) or newer is needed."
    }
    guard !version.lexicographicallyPrecedes(tool.oldestVersion) else {
      return "\(tool.rawValue) \(version.map(String.init).joined(separator: ".")) is too old: "
        + "\(needed) or newer is needed."
    }
    proven.withLock { _ = $0.insert(program) }
    return nil
  }
}

private struct PageTransfer: SourceTransfer {
  let task: Task<Void, Never>

  func cancel() { task.cancel() }
  func resume() {}
}
