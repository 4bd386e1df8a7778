internal import Base
internal import Configuration
internal import Glibc
internal import Service
internal import Subprocess

/// `airloom up`: every service on one machine, watched, in the foreground.
enum UpCommand {
  /// On the main thread, which waits for signals from then on.
  static func run(in place: Place) -> Never {
    SignalWatcher.block()
    do {
      try HomeSetup.prepare(place)
      let settings = try place.settings()
      let lock = try InstanceLock(path: "\(place.home.run)/up.lock", node: "airloom up")
      let printer = LogPrinter(
        hasColours: Terminal.isColourful(STDOUT_FILENO, environment: place.environment),
        names: settings.up.services)
      let drain = DrainSwitch()
      let supervisor = Supervisor(
        try plans(settings, place), grace: settings.service.drain + .seconds(2), printer: printer,
        drain: drain)
      Task.detached {
        await work(supervisor, settings, place, printer, drain)
        withExtendedLifetime(lock) {}
      }
      SignalWatcher.watch { name in
        printer.print("\(name): the services end their work; once more kills them")
        drain.pull(name)
      } onSecond: { _ in
        supervisor.killAll()
        IngestEnding.endAll(of: ServiceNames.node(of: "recorder"), in: place.home)
      }
    } catch {
      Terminal.fail(error)
    }
  }

  private static func work(
    _ supervisor: Supervisor, _ settings: Settings, _ place: Place, _ printer: LogPrinter,
    _ drain: DrainSwitch
  ) async {
    printer.print("Airloom \(ServiceVersion.text) in \(place.home.path)")
    let greeting = Task {
      await Greeting(place: place, settings: settings, printer: printer).run()
    }
    await supervisor.run()
    if supervisor.isKilled { return }
    greeting.cancel()
    if settings.up.services.contains("recorder") {
      IngestEnding.endAll(of: ServiceNames.node(of: "recorder"), in: place.home)
    }
    let isAsked = drain.reason != nil
    printer.print(
      isAsked ? "all services have ended" : "no service is left that could be started again")
    printer.flush(within: .seconds(2))
    Terminal.end(isAsked ? .success : .unavailable)
  }

  /// The recorder first: what must not be missed begins before what can wait.
  private static func plans(
    _ settings: Settings, _ place: Place
  ) throws(ServiceError) -> [Supervisor.Plan] {
    let order = ["recorder", "scheduler", "delivery", "gateway", "feeder", "converter"]
    let services = order.filter(settings.up.services.contains)
    if services.isEmpty {
      throw ServiceError(.configuration, "[up] services is empty: name the services to start")
    }
    let folder = try programFolder()
    return services.map { service in
      Supervisor.Plan(
        service: service, command: command(service, in: folder, place),
        restartFirst: settings.up.restartFirst, restartCap: settings.up.restartCap)
    }
  }

  private static func command(
    _ service: String, in folder: String, _ place: Place
  ) -> ChildCommand {
    var command = ChildCommand(
      "\(folder)/\(ServiceNames.program(of: service))",
      ["--home", place.home.path, "--node", ServiceNames.node(of: service).text]
        + (place.givenSettings.map { ["--config", $0] } ?? []))
    command.output = .pipe()
    command.errors = .sameAsOutput
    // When we are killed the services end as on Ctrl-C: segments are closed, nothing is torn. Not
    // SIGTERM, which would come several times and so be taken for an order to end at once.
    command.deathSignal = SIGHUP
    // What is withheld from all children goes to the one service that needs it.
    let secrets = ["gateway": "AIRLOOM_ADMIN_PASSWORD", "delivery": "AIRLOOM_SMTP_PASSWORD"]
    if let name = secrets[service], let password = place.environment[name] {
      command.environment[name] = password
    }
    return command
  }

  /// The services' programs lie beside this one.
  static func programFolder() throws(ServiceError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else {
      throw ServiceError(.system, "the folder of this program cannot be found in /proc")
    }
    let path = String(
      decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return DurableFile.folder(of: path)
  }
}
