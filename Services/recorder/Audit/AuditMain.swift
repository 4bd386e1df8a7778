import Base
import Configuration
import FoundationEssentials
import Glibc
import HTTPClient
import Messages
import Service
import Storage

/// `airloom-recorder audit …`, which `airloom audit` becomes: holds a recorder's files against its books
/// while it runs or not, and ends with 0 where they agree, 1 where they differ.
enum AuditMain {
  /// Differences were found.
  private static let differs: Int32 = 1

  static func run(_ arguments: [String]) -> Never {
    Task.detached {
      do {
        let options = try AuditOptions(arguments, environment: ProcessEnvironment.current)
        let report = try await audit(options)
        let text = Array((options.isJSON ? try report.json() : report.text).utf8) + [0x0A]
        try text.withUnsafeBytes { try Syscall.writeAll($0, to: STDOUT_FILENO) }
        _exit(report.differences.isEmpty ? ExitCode.success.rawValue : differs)
      } catch {
        let text = Array("airloom: \(error)\n".utf8)
        // Nobody to read it is nothing to be told of.
        _ = try? text.withUnsafeBytes { try Syscall.writeAll($0, to: STDERR_FILENO) }
        _exit(ExitCode.of(error).rawValue)
      }
    }
    while true { pause() }
  }

  private static func audit(_ options: AuditOptions) async throws -> AuditReport {
    let settings = try SettingsReader.read(
      path: options.launch.settings.path, isRequired: options.launch.settings.isRequired,
      environment: ProcessEnvironment.current)
    let home = options.launch.home
    let auditor = TapeAuditor(
      root: TapeFolder.find(home.tape(settings), of: options.node),
      rows: try await rows(of: options.node, in: home),
      isFast: options.isFast)
    let now = SystemTimeSource().now()
    return try await auditor.run(
      node: options.node, only: options.stream, from: options.from ?? .epoch,
      to: options.to ?? now + .seconds(3600))
  }

  /// By its own word where it runs, else from its database.
  private static func rows(of node: NodeID, in home: Home) async throws -> any AuditRows {
    let client = HTTPClient()
    if let address = await address(of: node, in: home, client) {
      return LiveAuditRows(
        client: client, address: address,
        authorization: try TapeToken.load(home.tapeToken).authorization)
    }
    let path = home.database(of: node)
    guard FolderListing.exists(path) else {
      throw ServiceError(
        .usage, "there is no recorder '\(node)' in \(home.path): name one of data/ with --node")
    }
    return DatabaseAuditRows(
      database: try Database(path: path, schemas: RecorderService.schemas))
  }

  private struct Stats: Decodable { let http: String? }

  private static func address(
    of node: NodeID, in home: Home, _ client: HTTPClient
  ) async -> String? {
    var request = HTTPRequest("POST", "http://localhost/control/stats", timeout: .seconds(5))
    request.unixSocketPath = home.controlSocket(of: node)
    guard let response = try? await client.request(request) else { return nil }
    return try? JSONDecoder().decode(Stats.self, from: Data(response.body)).http
  }
}

/// What `audit` was asked to do.
struct AuditOptions: Sendable {
  let launch: LaunchOptions
  let node: NodeID
  var stream: StreamID?
  var from: Instant?
  var to: Instant?
  var isJSON = false
  var isFast = false

  init(_ arguments: [String], environment: [String: String]) throws(ServiceError) {
    var rest: [String] = []
    var queue = arguments[...]
    while let argument = queue.popFirst() {
      switch argument {
      case "--json": isJSON = true
      case "--fast": isFast = true
      case "--stream":
        guard let id = queue.popFirst().flatMap({ StreamID($0) }) else {
          throw ServiceError(.usage, "--stream needs the id of a stream after it")
        }
        stream = id
      case "--from": from = try AuditOptions.instant(queue.popFirst(), argument)
      case "--to": to = try AuditOptions.instant(queue.popFirst(), argument)
      default: rest.append(argument)
      }
    }
    let defaultNode = NodeID(unchecked: "recorder-1")
    launch = try LaunchOptions(
      arguments: rest, environment: environment, defaultNode: defaultNode)
    node =
      if case .named(let name) = launch.node { name } else { defaultNode }
  }

  private static func instant(
    _ text: String?, _ option: String
  ) throws(ServiceError) -> Instant {
    if let instant = text.flatMap({ Instant($0) }) { return instant }
    throw ServiceError(
      .usage, "\(option) needs a time after it, such as 2026-11-21T19:00:00Z")
  }
}
