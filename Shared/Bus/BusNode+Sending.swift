internal import Base
internal import FoundationEssentials
internal import Messages
internal import Storage

/// From the core's outputs to the network and the disk.
extension BusNode {
  /// Entries in one run, and about how many bytes; well inside the transport's 1 MiB.
  static let runEntries = 64
  static let runBytes = 256 * 1024
  /// Followers that were not heard from for this long are forgotten; they take a snapshot when they
  /// come back.
  static let followerPatience = Duration.seconds(7 * 86_400)

  /// Does what the core says, and what it says to the results, until nothing is left.
  func perform(_ outputs: [BusCore.Output]) {
    var rest = outputs[...]
    while let output = rest.popFirst() {
      switch output {
      case .send(let packet, let peer): send(packet, to: peer)
      case .transmit(let subscription, let after):
        let last = transmit(subscription, after: after)
        rest += core.transmitted(subscription, through: last, now: time.monotonic())
      case .remember(let subscription, let acknowledged):
        unsavedAcknowledgements[subscription] = acknowledged
      case .adopt(let source, let position):
        attempt("storing a place in a peer's log") { database in
          try database.write { try PositionStore.store(position, of: source, $0) }
        }
      case .reportLoss(let source):
        log.error(
          "messages of a peer were deleted over there before they were received",
          ("peer", source.producer))
      }
    }
  }

  @discardableResult
  func send(_ packet: Packet, to peer: NodeID) -> Bool {
    route(PacketCoding.encode(packet, from: node), to: peer)
  }

  /// To a peer's inbox where we connect to it, else by our own outbox, which it follows.
  @discardableResult
  nonisolated func route(_ frames: [[UInt8]], to peer: NodeID) -> Bool {
    settings.peers[peer] != nil
      ? transport.push(frames, to: peer)
      : settings.bind != nil && transport.publish(frames, topic: Topic.node(peer))
  }

  nonisolated func route(_ telemetry: TelemetryPacket) {
    let frames = PacketCoding.encode(telemetry, from: node)
    if let receiver = telemetry.to, settings.bind != nil || settings.peers[receiver] != nil {
      route(frames, to: receiver)
      return
    }
    // A worker's way to everybody is the inbox of those it connects to, who pass it on.
    if settings.bind != nil { transport.publish(frames, topic: Topic.all) }
    for peer in settings.peers.keys where settings.bind == nil {
      transport.push(frames, to: peer)
    }
  }

  /// Sends a run of entries; the last number sent, nil where nothing left.
  private func transmit(_ subscription: Subscription, after sequence: Int64) -> Int64? {
    let channel = subscription.channel
    let entries = attempt("reading the log") { database in
      try database.read {
        try MessageLog.entries(
          of: channel, after: sequence, limit: BusNode.runEntries, byteLimit: BusNode.runBytes, $0)
      }
    }
    guard let entries, let last = entries.last else { return nil }
    let run = EntryRun(
      incarnation: core.incarnation, channel: channel, previous: sequence, entries: entries)
    return send(.entries(run), to: subscription.consumer) ? last.sequence : nil
  }

  func saveAcknowledgements() {
    guard !unsavedAcknowledgements.isEmpty else { return }
    let unsaved = unsavedAcknowledgements
    let now = time.now()
    let saved: Void? = attempt("remembering acknowledgements") { database in
      try database.write { transaction in
        for (subscription, acknowledged) in unsaved {
          try MessageLog.remember(subscription, acknowledged: acknowledged, at: now, transaction)
        }
      }
    }
    if saved != nil { unsavedAcknowledgements = [:] }
  }

  /// Deletes what nobody needs. What consumers said last must be saved before: where one has gone
  /// back (its database was restored, a snapshot was taken), the rows still name the later place.
  func prune() {
    saveAcknowledgements()
    guard unsavedAcknowledgements.isEmpty else { return }
    let limit = time.now() - BusNode.followerPatience
    let lines = attempt("pruning the log") { database in
      try database.write { try MessageLog.prune(forgettingFollowersSilentSince: limit, $0) }
    }
    pruned(lines ?? [])
  }

  func pruned(_ lines: [(Channel, Int64)]) {
    for (channel, through) in lines { core.pruned(channel, through: through) }
  }

  /// Uses the database at once: both actors run on its thread.
  func inDatabase<Result: Sendable>(
    _ body: (isolated Database) throws -> Result
  ) throws -> Result {
    try database.assumeIsolated(body)
  }

  /// Uses the database; a failure is logged once and shown until the same thing succeeds.
  func attempt<Result: Sendable>(
    _ what: StaticString, _ body: (isolated Database) throws -> Result
  ) -> Result? {
    do {
      let result = try inDatabase(body)
      faults["\(what)"] = nil
      return result
    } catch {
      let text = "\(what): \(error)"
      if faults["\(what)"] != text {
        log.error("the bus cannot use its database", ("reason", text))
      }
      faults["\(what)"] = text
      return nil
    }
  }
}

extension TelemetryPacket {
  /// nil where the message cannot be encoded (a number that is no number).
  init?<Body: TelemetryMessage>(
    _ message: Body, from origin: NodeID, to receiver: NodeID?, at now: Instant
  ) {
    guard let body = try? JSONEncoder().encode(message) else { return nil }
    self.init(
      origin: origin, to: receiver, type: Body.type, sentAt: now, body: Array(body))
  }
}
