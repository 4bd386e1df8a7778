internal import Base
internal import Bus
internal import Configuration
internal import Messages
internal import Metrics
internal import Storage

/// The scheduler's table of contents: which message goes where, and who does the work.
///
/// - `CommandDesk`: what people ask for (streams, schedules, recordings)
/// - `RecorderEvents`: what recorders say of their work, and their heartbeats
/// - `ConversionRelay`: what converters say of drops, and what people ask of them
/// - `Scheduler`: the loop that plans, assigns and notices what was missed
/// - `AlertPolicy`, `RecordingAlerts`: what people must hear of, by way of the delivery service
/// - `PlanningDesk`: what lies ahead, over HTTP
/// - `SnapshotSource`: the whole state, for those who begin to follow
struct SchedulerService: Sendable {
  /// The tables that its database must have.
  static let schemas = [BusSchema.schema, SchedulerSchema.schema, ConversionSchema.schema]
  static let delivery = NodeID(unchecked: "delivery")

  let handlers: BusHandlers
  let desk: CommandDesk
  let events: RecorderEvents
  let scheduler: Scheduler
  let roster: SharedRoster
  /// The most streams that are recorded at once; nil is without limit.
  let maximumRecordings: Int?
  let signals = Signals()

  init(
    settings: Settings.Scheduler, alertsAfter: Duration = Settings().alerts.holdOff,
    database: Database, outbox: Outbox,
    metrics: MetricsRegistry = MetricsRegistry(),
    surroundings: Scheduler.Surroundings = Scheduler.Surroundings(),
    zones: TimeZoneLibrary = TimeZoneLibrary(), time: any TimeSource = SystemTimeSource(),
    log: Logger
  ) throws(TimeZoneError) {
    let zone = settings.zone.isEmpty ? SystemZone.name() : settings.zone
    let reading = ScheduleReading(zones: zones, defaultZone: try zones.rules(named: zone))
    let book = RecordingBook(
      reading: reading, outbox: outbox, time: time, metrics: SchedulerMetrics(metrics))
    maximumRecordings = settings.maximumRecordings > 0 ? settings.maximumRecordings : nil
    roster = SharedRoster(RecorderRoster(lease: settings.recorderLostAfter))

    var handlers = BusHandlers()
    desk = CommandDesk(
      book: book, outbox: outbox, signals: signals, time: time, horizon: settings.horizon)
    desk.register(in: &handlers)
    events = RecorderEvents(
      book: book, outbox: outbox, signals: signals, roster: roster, time: time, log: log,
      delivery: Self.delivery)
    events.register(in: &handlers)
    ConversionRelay(outbox: outbox, delivery: Self.delivery).register(in: &handlers)
    let snapshot = SnapshotSource(book: book)
    handlers.provideSnapshot { try snapshot.messages($0) }
    self.handlers = handlers

    scheduler = Scheduler(
      settings: Scheduler.Settings(
        horizon: settings.horizon,
        maximumRecordings: maximumRecordings,
        alertsAfter: alertsAfter),
      database: database, book: book, outbox: outbox, signals: signals, roster: roster,
      surroundings: surroundings, time: time,
      log: log)
  }
}
