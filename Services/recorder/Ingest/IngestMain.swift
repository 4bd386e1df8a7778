import Base
import CDetach
import Configuration
import Glibc
import HTTPClient
import Service

/// `airloom-recorder ingest …`: this program in its other role. The recorder starts it; it goes on when
/// the recorder ends.
///
/// The process that was started ends as soon as the ingest listens, with 0, or with the code of what
/// kept it from that and a sentence on standard error.
enum IngestMain {
  static func run(_ arguments: [String]) -> Never {
    // Before anything has made a thread.
    let launcher = airloom_detach()
    do {
      guard launcher >= 0 else {
        throw SystemError(code: errno, call: "fork", subject: "the ingest")
      }
      SignalWatcher.block()
      let server = try prepare(arguments)
      airloom_close_standard_streams(nil)
      answer(launcher, .success)
      BackgroundThread(named: "ingest") {
        _ = server.run()
        server.leave()
        _exit(ExitCode.success.rawValue)
      }.start()
      SignalWatcher.watch { _ in _exit(ExitCode.success.rawValue) }
    } catch {
      Logger.standardError().error("the ingest does not start", ("reason", "\(error)"))
      answer(launcher, ExitCode.of(error))
      _exit(ExitCode.of(error).rawValue)
    }
  }

  private static func answer(_ launcher: Int32, _ code: ExitCode) {
    var byte = UInt8(clamping: code.rawValue)
    _ = write(launcher, &byte, 1)
    close(launcher)
  }

  private static func prepare(_ arguments: [String]) throws -> Running {
    var arguments = arguments
    var path = ""
    if let index = arguments.firstIndex(of: "--socket"), index + 1 < arguments.count {
      path = arguments[index + 1]
      arguments.removeSubrange(index...index + 1)
    }
    guard !path.isEmpty else {
      throw ServiceError(
        .usage, "the ingest is started by its recorder, which says --socket; start that one")
    }
    let environment = ProcessEnvironment.current
    let options = try LaunchOptions(
      arguments: arguments, environment: environment, defaultNode: NodeID(unchecked: "recorder-1"))
    let settings = try SettingsReader.read(
      path: options.settings.path, isRequired: options.settings.isRequired,
      environment: environment)
    let time = SystemTimeSource()
    let client = HTTPClient(
      addresses: settings.recorder.isPublicOnly ? .publicInternet : .all,
      gather: IngestLimits.gather, certificates: settings.recorder.caFile, time: time)
    return Running(
      server: try IngestServer(
        path: path, opener: SourceRouter(settings.recorder, client: client, time: time),
        limits: IngestLimits(settings.recorder),
        build: IngestBuild.current, time: time))
  }

  /// The server on its way to the one thread that it belongs to from then on.
  ///
  /// `@unchecked Sendable`: nothing else uses it.
  private struct Running: @unchecked Sendable {
    let server: IngestServer

    func run() -> String { server.run() }
    func leave() { server.leave() }
  }
}

/// Which program an ingest and its recorder are: the version, and the file, so that a recorder of a new
/// build does not go on with the code of an old one.
enum IngestBuild {
  static var current: String { of(program: "/proc/self/exe") }

  static func of(program path: String) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return ServiceVersion.text }
    return "\(ServiceVersion.text) \(status.st_dev) \(status.st_ino) \(status.st_mtim.tv_sec)"
  }
}

extension IngestLimits {
  init(_ settings: Settings.Recorder) {
    self.init()
    linger = settings.ingestLinger
    total = settings.ingestHoldMebibytes << 20
    line = min(line, total)
  }
}
