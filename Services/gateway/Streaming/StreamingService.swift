import Base
import HTTPClient
import HTTPServer
import Messages
import Service
import Storage

/// HLS out of the tape: what its routes work with, wired together.
struct StreamingService: Sendable {
  let client: TapeClient
  let reader: TapeReader
  let titles: TitleReader
  let live: LiveDesk
  let segments: SegmentStore
  let links: StreamLinks
  let database: Database
  let time: any TimeSource
  let log: Logger

  init(
    settings: GatewaySettings, database: Database, nodes: NodeBoard, time: any TimeSource,
    log: Logger
  ) {
    let key = TapeKey(path: settings.tapeTokenPath)
    let client = TapeClient(http: HTTPClient()) { try await key.authorization() }
    self.client = client
    let recorders = RecorderList(nodes: nodes, time: time)
    reader = TapeReader(client: client, time: time, log: log) { await recorders.all() }
    titles = TitleReader(client: client, recorders: { await recorders.all() }, log: log)
    segments = SegmentStore(client: client) { await recorders.find($0) }
    live = LiveDesk(reader: reader, database: database, time: time, log: log)
    links = StreamLinks(database: database, time: time)
    self.database = database
    self.time = time
    self.log = log
  }
}

/// Reads the key that recorders want to see, each time, so that a replaced one counts at once.
actor TapeKey {
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "tape-key")
  private let path: String

  init(path: String) { self.path = path }

  func authorization() throws -> String { try TapeToken.load(path).authorization }
}

/// The recorders that there are, by their heartbeats. A gateway that has just been started does not
/// know them yet, and a recorder that is started again is silent for a moment; both are waited for.
struct RecorderList: Sendable {
  /// A recorder that was not heard from for so long is not expected any more.
  private static let memory = Duration.seconds(300)
  private static let patience = Duration.seconds(3)

  private let nodes: NodeBoard
  private let time: any TimeSource
  private let startedAt: Monotonic

  init(nodes: NodeBoard, time: any TimeSource) {
    self.nodes = nodes
    self.time = time
    startedAt = time.monotonic()
  }

  func all() async -> [TapeClient.Recorder] {
    await waited(from: startedAt) { known.isEmpty ? nil : known } ?? []
  }

  /// nil where it does not answer.
  func find(_ node: NodeID) async -> TapeClient.Recorder? {
    let isExpected = known.contains { $0.node == node }
    return await waited(from: isExpected ? time.monotonic() : startedAt) {
      known.first { $0.node == node && $0.isAlive }
    }
  }

  private var known: [TapeClient.Recorder] {
    let now = time.now()
    return nodes.all.compactMap { node in
      guard node.heartbeat.service == "recorder", let address = node.heartbeat.http,
        node.isAlive || now - node.heardAt < RecorderList.memory
      else { return nil }
      return TapeClient.Recorder(
        node: node.heartbeat.node, address: address, isAlive: node.isAlive)
    }
  }

  private func waited<Value: Sendable>(
    from start: Monotonic, _ look: () -> Value?
  ) async -> Value? {
    while true {
      if let found = look() { return found }
      guard time.monotonic() - start < RecorderList.patience, !Task.isCancelled else { return nil }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }
}
