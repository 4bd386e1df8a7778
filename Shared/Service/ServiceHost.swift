public import Base
public import Configuration
internal import Glibc
internal import Messages
public import Metrics
public import Storage
internal import Synchronization

/// What every service process shares: where it lives, what it is called, its settings, log, health,
/// metrics and state. Made once by `ServiceHost.main` and handed to the service.
public final class ServiceHost: Sendable {
  /// Such as `recorder`.
  public let service: String
  public let node: NodeID
  public let home: Home
  public let settings: Settings
  /// Where they were read from.
  public let settingsFile: SettingsFile
  public let environment: [String: String]
  public let log: Logger
  public let metrics = MetricsRegistry()
  public let health = HealthBoard()
  public let progress = ProgressBoard()
  public let state = ServiceState()
  public let drain = DrainSwitch()
  public let desk: ControlDesk
  /// What else than health and metrics is answered at the status address.
  let extraRoutes = Mutex(StatusServer.Extra())
  let notifier: SystemdNotifier
  private let lock: InstanceLock

  /// Reads the settings, makes the home's folders and takes the node's lock.
  init(
    service: String, options: LaunchOptions, environment: [String: String],
    sink: @escaping @Sendable (LogEntry) -> Void
  ) throws {
    self.service = service
    self.environment = environment
    home = options.home
    settingsFile = options.settings
    settings = try SettingsReader.read(
      path: options.settings.path, isRequired: options.settings.isRequired,
      environment: environment)
    let errors = ErrorRing()
    log = Logger(level: settings.log.level, sink: sink).also { errors.take($0) }
    do {
      try home.makeFolders()
    } catch {
      throw ServiceError(ExitCode.of(error), "the home folder cannot be used: \(error)")
    }
    let slot = try NodeSlot.take(options.node, in: home)
    node = slot.node
    lock = slot.lock
    desk = ControlDesk(
      service: service, node: node, state: state, health: health, progress: progress,
      errors: errors)
    notifier = SystemdNotifier(environment: environment)
    ProcessMetrics.register(in: metrics)
    metrics.gauges(
      "airloom_service_info", help: "Always 1.", labels: ["service", "node", "version"]
    ).with(service, node.text, ServiceVersion.text).set(1)
    metrics.gauge("airloom_faults", help: "Components that are not well.") { [health] in
      Double(health.faults.count)
    }
    metrics.gauge("airloom_service_paused", help: "1 while no new work is taken.") { [state] in
      state.takesNewWork ? 0 : 1
    }
  }

  /// Opens this node's database; the schemas must include `BusSchema.schema`.
  public func openDatabase(
    schemas: [(name: String, migrations: [Migration])]
  ) throws -> Database {
    try Database(path: home.database(of: node), schemas: schemas)
  }

  /// Where the other services answer: the page's port plus 1 … 5; 0 where that is 0.
  var statusPort: UInt16 {
    guard settings.web.port > 0,
      let index = ["scheduler", "recorder", "converter", "feeder", "delivery"].firstIndex(
        of: service)
    else { return 0 }
    return UInt16(exactly: settings.web.port + 1 + index) ?? 0
  }
}
