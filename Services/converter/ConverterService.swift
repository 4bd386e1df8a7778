internal import Base
internal import Bus
internal import Configuration
internal import Messages
internal import Metrics
internal import Service
internal import Storage

/// The converter's table of contents: which message goes where, and who does the work.
///
/// - `DropKeeper`: the loop that knows what lies in the watched folders and when it is complete
/// - `ConversionDispatcher`: the loop that has complete drops converted, through `ConversionWorker`s
/// - `ConversionBook`: the one way in which a conversion changes, by `ConversionPolicy`
/// - `CommandDesk`: what people ask for
struct ConverterService: Sendable {
  /// The tables that its database must have.
  static let schemas = [BusSchema.schema, ConverterSchema.schema]

  struct Surroundings: Sendable {
    var keeper = DropKeeper.Surroundings()
    var dispatcher = ConversionDispatcher.Surroundings()
  }

  let handlers: BusHandlers
  let keeper: DropKeeper
  let dispatcher: ConversionDispatcher
  let signals = Signals()

  init(
    node: NodeID, home: Home, settings: Settings, database: Database, outbox: Outbox,
    metrics: MetricsRegistry, time: any TimeSource = SystemTimeSource(), log: Logger,
    surroundings: Surroundings = Surroundings(),
    policy: ConversionPolicy = ConversionPolicy()
  ) throws(ServiceError) {
    let own = settings.converter
    let plan = try FolderPlan(own, output: home.converted(settings))
    var policy = policy
    policy.attemptsAllowed = own.attempts
    let metrics = ConverterMetrics(metrics)
    let logs = ConversionLogs(folder: home.conversionLogs, time: time)
    let book = ConversionBook(
      node: node, policy: policy, destinations: plan.destinations, outbox: outbox,
      signals: signals, time: time, metrics: metrics)

    var handlers = BusHandlers()
    CommandDesk(book: book, outbox: outbox).register(in: &handlers)
    self.handlers = handlers

    keeper = DropKeeper(
      settings: DropKeeper.Settings(
        folders: plan.watched, isRecursive: own.isRecursive, rescan: own.rescan,
        ownFolders: plan.own, runFolder: home.run, look: min(.seconds(1), own.still)),
      policy: ReadinessPolicy(still: own.still), database: database, book: book,
      signals: signals, logs: logs, metrics: metrics, time: time, log: log,
      surroundings: surroundings.keeper)
    dispatcher = ConversionDispatcher(
      settings: ConversionDispatcher.Settings(
        workers: own.workers,
        worker: ConversionWorker.Settings(
          output: plan.output, preset: own.preset, crf: own.crf,
          wantsCaptions: own.wantsCaptions,
          reserve: Int64(settings.media.reserveMebibytes) << 20),
        doneFolder: own.doneFolder),
      database: database, book: book,
      placer: OutputPlacer(
        folder: plan.output, after: plan.after, database: database, book: book),
      disposal: SourceDisposal(
        doneFolder: own.doneFolder, database: database, book: book, logs: logs),
      signals: signals, logs: logs, metrics: metrics, time: time, log: log,
      surroundings: surroundings.dispatcher)
  }
}
