import Base
import Bus
import Configuration
import Service

@main
struct SchedulerMain {
  static func main() {
    ServiceHost.main("scheduler") { host in
      let database = try host.openDatabase(schemas: SchedulerService.schemas)
      let outbox = Outbox()
      let service = try SchedulerService(
        settings: host.settings.scheduler, alertsAfter: host.settings.alerts.holdOff,
        database: database, outbox: outbox, metrics: host.metrics,
        surroundings: surroundings(host), log: host.log)
      let plans = PlanningDesk(
        reading: service.desk.book.reading, database: database, roster: service.roster,
        limit: service.maximumRecordings, time: SystemTimeSource(),
        tokenPath: host.home.tapeToken)
      host.serve(connections: PlanningDesk.connectionLimit, threads: 1) { router in
        plans.addRoutes(to: &router)
      }
      host.state.onChange { [signals = service.signals] _ in signals.wake() }
      let bus = try await host.joinBus(
        database: database, outbox: outbox, handlers: service.handlers, binds: true,
        peers: [SchedulerService.delivery])
      let planning = LoopComponent("planning") { try await service.scheduler.run() }
      return [bus, planning]
    }
  }

  private static func surroundings(_ host: ServiceHost) -> Scheduler.Surroundings {
    let (health, state) = (host.health, host.state)
    let progress = host.progress.register("planning")
    return Scheduler.Surroundings(
      takesNewWork: { state.takesNewWork },
      afterStep: { fault in
        progress.step()
        if let fault {
          health.failed("planning", "nothing can be planned or given out: \(fault)")
        } else {
          health.ok("planning")
        }
      })
  }
}
