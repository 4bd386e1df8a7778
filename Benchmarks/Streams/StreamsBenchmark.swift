internal import Base
internal import Messages
internal import TestSupport

/// What capturing many streams costs, beside one `ffmpeg -c copy -f segment` for each of them: both
/// read the same Icecast, or the same HLS station, during the same half minute, and write segments of
/// the same length to the same disk.
///
/// Airloom does more meanwhile: it finds the frames, counts them, syncs every two seconds and keeps
/// the ledger. What its other services use is not counted, since they do not grow with the streams.
struct StreamsBenchmark {
  private static let radio = [100, 300]
  private static let television = 20
  private static let segmentSeconds = 4
  /// After the last connection: bursts are digested, heaps have grown.
  private static let settling = Duration.seconds(15)
  private static let measured = Duration.seconds(30)

  private let time = SystemTimeSource()

  func run() async throws {
    var table = MarkdownTable(
      "streams: \(Int(Self.measured.inSeconds)) s, both at the same time",
      ["", "CPU of a core", "a stream", "PSS", "a stream", "CPU to FFmpeg", "PSS to FFmpeg"])
    for count in Self.radio {
      let server = try await IcecastServer.start(clients: count * 2 + 100)
      let tone = try await ToneSource.start(to: server, mount: "tone")
      try await compare(
        count, url: server.url("tone"), ending: "mp3",
        "\(count) × MP3 128 kbit/s", into: &table)
      await tone.stop()
      await server.kill()
    }
    let station = try await HLSStation.start(
      .transportStream, segmentSeconds: Self.segmentSeconds, listed: 6)
    try await compare(
      Self.television, url: station.url, ending: "ts", "\(Self.television) × HLS", into: &table)
    await station.stop()
    Output.write(table.text)
  }

  private func compare(
    _ count: Int, url: String, ending: String, _ name: String, into table: inout MarkdownTable
  ) async throws {
    let suite = try RunningSuite()
    try suite.home.file(
      "airloom.toml", "[web]\nport = 0\n[recorder]\nmaximum_captures = \(count)\n")
    for service in ["scheduler", "recorder"] { try await suite.start(service) }
    try await suite.becomeReady()
    let folder = try TemporaryFolder()
    let gateway = try await GatewayStandIn(folder: folder.path, home: suite.home.path)
    try await capture(count, url, gateway)
    try await eventually("\(count) tapes grow", within: .seconds(90)) {
      let tapes = suite.home("media/tape")
      return TemporaryFolder.names(in: tapes).count { !$0.hasPrefix(".") } >= count
    }
    let peers = try await SegmentPeer.start(
      count, url: url, ending: ending, seconds: Self.segmentSeconds, in: folder("peer"))
    try await Task.sleep(for: Self.settling)
    let ours = ProcessGroup(matching: "airloom-recorder", suite.home.path)
    let (before, peerBefore) = (ours.processorTime, peers.group.processorTime)
    let begun = time.monotonic()
    try await Task.sleep(for: Self.measured)
    let elapsed = time.monotonic() - begun
    let used = ours.processorTime - before
    let peerUsed = peers.group.processorTime - peerBefore
    let memory = ours.proportionalKibibytes
    let peerMemory = peers.group.proportionalKibibytes
    guard peers.group.count == count else { throw TestFailure("an ffmpeg ended: \(peers.report)") }
    await peers.stop()
    await suite.kill()
    for (who, cpu, pss) in [
      ("\(name), Airloom", used, memory), ("\(name), FFmpeg", peerUsed, peerMemory),
    ] {
      let share = cpu.inSeconds / elapsed.inSeconds * 100
      table.add(
        who, Figure.fixed(share, 1) + " %", Figure.fixed(share / Double(count), 3) + " %",
        Figure.megabytes(pss), Figure.megabytes(pss / count),
        Figure.ratio(cpu, to: peerUsed), Figure.ratio(Double(pss), to: Double(peerMemory)))
    }
  }

  private func capture(_ count: Int, _ url: String, _ gateway: GatewayStandIn) async throws {
    let names = (1...count).map { "stream-\($0)" }
    try await gateway.command(
      names.map { name in
        PutStream(
          stream: StreamDefinition(id: StreamID(unchecked: name), name: name, urls: [url]),
          mustBeNew: true)
      })
    let start = time.now() + .seconds(5)
    try await gateway.command(
      names.map { name in
        PutSchedule(
          schedule: ScheduleDefinition(
            id: ScheduleID(unchecked: name), name: name, stream: StreamID(unchecked: name),
            rule: .once(start: start), durationSeconds: 1800), mustBeNew: true)
      })
  }
}
