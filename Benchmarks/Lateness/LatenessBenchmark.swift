internal import Base
internal import Messages
internal import Storage
internal import TestSupport

/// How late a recorder opens its windows with 10,000 schedules loaded, beside APScheduler, at the
/// same time on the same machine.
///
/// The instant that counts is the recorder's own: `at` of `RecordingStarted`, which it takes when it
/// acts and commits with the window's new phase. The capture itself runs since ten seconds before.
struct LatenessBenchmark {
  private static let schedules = 10_000
  private static let window = Duration.seconds(60)
  private static let onceStarts = 200
  private static let cronStarts = 40
  /// From the last command to the first start: longer than the recorder's lead.
  private static let notice = Duration.seconds(20)

  private let time = SystemTimeSource()

  func run() async throws {
    let server = try await IcecastServer.start()
    let tone = try await ToneSource.start(to: server, mount: "tone")
    let suite = try RunningSuite()
    for service in ["scheduler", "recorder"] { try await suite.start(service) }
    try await suite.becomeReady()
    let folder = try TemporaryFolder()
    let gateway = try await GatewayStandIn(folder: folder.path, home: suite.home.path)
    try await gateway.command(streams(server))

    var load = ScheduleLoad()
    let soon = LatenessBenchmark.onceStarts + LatenessBenchmark.cronStarts
    let background = load.background(LatenessBenchmark.schedules - soon, after: time.now())
    let begun = time.monotonic()
    try await gateway.command(background.map { PutSchedule(schedule: $0, mustBeNew: true) })
    let loading = time.monotonic() - begun

    let begin = time.now() + LatenessBenchmark.notice
    let end = begin + LatenessBenchmark.window
    let shows =
      load.once(LatenessBenchmark.onceStarts, within: LatenessBenchmark.window, after: begin)
      + load.cron(LatenessBenchmark.cronStarts, within: LatenessBenchmark.window, after: begin)
    let starts = shows.map(\.1)
    try await gateway.command(shows.map { PutSchedule(schedule: $0.0, mustBeNew: true) })
    try await gateway.wait(untilHeld: Set(starts))
    var peer = try await SchedulerPeer(
      file: folder("jobs"), background: background, starts: starts, until: end + .seconds(2))
    let peerTimes = await peer.lateness()
    let known = gateway.begun
    await suite.kill()
    await tone.stop()
    await server.kill()

    let ours = try await recorded(suite, Set(starts))
    let followed = starts.compactMap { start in known[start].map { $0 - start } }
    Output.write(table(ours, followed, peerTimes, wanted: starts.count).text)
    Output.write(
      "10,000 schedules were put over the bus, answered one by one, in "
        + "\(Figure.fixed(loading.inSeconds, 1)) s "
        + "(\(Figure.rate(Double(background.count) / loading.inSeconds))).\n")
  }

  private func streams(_ server: IcecastServer) -> [PutStream] {
    ScheduleLoad.streams.map { id in
      PutStream(
        stream: StreamDefinition(id: id, name: "Radio \(id)", urls: [server.url("tone")]),
        mustBeNew: true)
    }
  }

  /// How late each window was opened, from the recorder's database.
  private func recorded(_ suite: RunningSuite, _ starts: Set<Instant>) async throws -> [Duration] {
    let database = try Database(path: suite.home("data/recorder-1.sqlite"), schemas: [])
    let windows = try await database.read { try MeasuredCatalog.openedWindows($0) }
    return windows.filter { starts.contains($0.start) }.map { $0.openedAt - $0.start }
  }

  private func table(
    _ ours: [Duration], _ followed: [Duration], _ peer: [Duration], wanted: Int
  ) -> MarkdownTable {
    var table = MarkdownTable(
      "lateness: \(LatenessBenchmark.schedules) schedules, \(wanted) starts in "
        + "\(Int(LatenessBenchmark.window.inSeconds)) s",
      ["", "started", "p50", "p99", "max", "p50 to peer", "p99 to peer"])
    guard !ours.isEmpty, !followed.isEmpty, !peer.isEmpty else {
      table.add("nothing started", "0", "–", "–", "–", "–", "–")
      return table
    }
    let other = Distribution(peer)
    for (name, times) in [
      ("airloom-recorder acts", ours), ("APScheduler calls the job", peer),
      ("the gateway knows of it", followed),
    ] {
      let times = Distribution(times)
      table.add(
        name, "\(times.count) of \(wanted)", Figure.time(times.p50), Figure.time(times.p99),
        Figure.time(times.longest), Figure.ratio(times.p50, to: other.p50),
        Figure.ratio(times.p99, to: other.p99))
    }
    return table
  }
}
