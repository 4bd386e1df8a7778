public import Base
internal import CShims
internal import Configuration
internal import Glibc
internal import Messages

extension ServiceHost {
  public typealias Builder = @Sendable (ServiceHost) async throws -> [any ServiceComponent]

  /// The whole life of a service process: `ServiceHost.main("recorder") { host in … }` is its main.
  /// The closure opens what the service needs and returns its components in the order in which they
  /// start.
  ///
  /// Never returns: the process exits with an `ExitCode`. Not asynchronous, because the main thread
  /// waits for signals. `hasStatusPort` is false for a service that puts the status routes on a
  /// server of its own.
  public static func main(
    _ service: String, defaultNode: NodeID? = nil, hasStatusPort: Bool = true,
    components: @escaping Builder
  ) -> Never {
    SignalWatcher.block()
    prepareProcess()
    let arguments = Array(CommandLine.arguments.dropFirst())
    let defaultNode = defaultNode ?? NodeID(unchecked: service)
    answerAndExit(arguments, service, defaultNode)
    do {
      let environment = ProcessEnvironment.current
      let options = try LaunchOptions(
        arguments: arguments, environment: environment,
        defaultNode: defaultNode)
      let host = try ServiceHost(
        service: service, options: options, environment: environment,
        sink: Logger.standardErrorSink)
      Task.detached {
        do {
          try await host.live(hasStatusPort: hasStatusPort, components: components)
          host.log.info("stopped")
          // Not exit(3): its handlers take libraries apart that other threads still use.
          _exit(ExitCode.success.rawValue)
        } catch {
          end(service, because: error)
        }
      }
      SignalWatcher.watch { name in host.drain.pull(name) }
    } catch {
      end(service, because: error)
    }
  }

  private static func end(_ service: String, because error: any Error) -> Never {
    let log = Logger.standardError()
    let code = ExitCode.of(error)
    // Each problem of the settings is a line of its own.
    for line in "\(error)".split(separator: "\n") {
      log.error(
        "the service ends", ("service", service), ("reason", line), ("code", code.rawValue))
    }
    _exit(code.rawValue)
  }

  /// From the lock to the end of the drain.
  func live(hasStatusPort: Bool, components: Builder) async throws {
    log.info(
      "starting", ("service", service), ("node", node), ("version", ServiceVersion.text),
      ("home", home.path))
    let own: [any ServiceComponent] = [
      StatusServer(self, wantsTCP: hasStatusPort), PoolPulse(progress),
    ]
    let group = ComponentGroup(
      components: own + (try await components(self)), drain: drain, log: log)
    try await group.run {
      notifier.ready()
      if let interval = SystemdNotifier.watchdogInterval(environment: environment) {
        Watchdog(progress: progress, notifier: notifier, log: log).start(interval: interval)
      }
      log.info("ready", ("http", desk.http ?? "none"))
    } onDrain: { reason in
      log.info("draining", ("reason", reason))
      state.set(.draining)
      notifier.stopping()
      limitDrain()
    }
  }

  /// Ends the process when the drain takes too long; on a thread, because what hangs may well be
  /// the pool.
  private func limitDrain() {
    let limit = settings.service.drain
    BackgroundThread(named: "drain-limit") { [log] in
      usleep(UInt32(clamping: limit.microseconds))
      log.error(
        "the work did not end in time; exiting without it", ("drain_s", limit.inSeconds))
      _exit(ExitCode.software.rawValue)
    }.start()
  }

  private static func prepareProcess() {
    // Nothing that we write is for others.
    umask(0o027)
    airloom_take_up_capabilities()
    // Whoever reads our log through a pipe may stand still (a terminal after Ctrl-S); lines are then
    // lost rather than captures.
    var status = stat()
    if fstat(STDERR_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO {
      _ = airloom_set_nonblocking(STDERR_FILENO, true)
    }
    // Captures need descriptors; the soft limit is only there for programs that use select(2).
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    if getrlimit(files, &limit) == 0 {
      limit.rlim_cur = limit.rlim_max
      setrlimit(files, &limit)
    }
  }

  private static func answerAndExit(
    _ arguments: [String], _ service: String, _ defaultNode: NodeID
  ) {
    if arguments.contains("--version") {
      print("airloom-\(service) \(ServiceVersion.text)")
      exit(0)
    }
    if arguments.contains("--help") || arguments.contains("-h") {
      let several = "; auto: the first that is free of \(service)-1, \(service)-2, …"
      let auto = defaultNode.text == service ? "" : several
      print(
        """
        usage: airloom-\(service) [--home DIR] [--config FILE] [--node NAME]

        Runs the \(service) until SIGTERM or Ctrl-C; `airloom up` starts all services together.
          --home DIR      where everything is kept (AIRLOOM_HOME; ~/airloom)
          --config FILE   the settings (AIRLOOM_CONFIG; airloom.toml in the home folder)
          --node NAME     this process's name on the bus (AIRLOOM_NODE; \(defaultNode))\(auto)
        """)
      exit(0)
    }
  }
}

/// Shows by its steps that Swift's shared pool still runs tasks.
private struct PoolPulse: ServiceComponent {
  let name = "pool"
  private let board: ProgressBoard

  init(_ board: ProgressBoard) { self.board = board }

  func run() async throws {
    let source = board.register("pool")
    defer { board.retire(source) }
    while !Task.isCancelled {
      source.step()
      try? await Task.sleep(for: .milliseconds(200))
    }
  }
}
