internal import Base
internal import FoundationEssentials

/// Packets to frames and back. What cannot be read is nil: the sender is a stranger, or newer.
enum PacketCoding {
  enum Content: Hashable, Sendable {
    case packet(Packet)
    case telemetry(TelemetryPacket)
  }

  static func encode(_ packet: Packet, from node: NodeID) -> [[UInt8]] {
    switch packet {
    case .greeting(let greeting): return encode(greeting, from: node)
    case .entries(let run): return encode(run, from: node)
    case .acknowledgement(let channel, let position):
      return [header(.ack, node) { fill(&$0, channel, position) }]
    case .again(let channel, let position):
      return [header(.again, node) { fill(&$0, channel, position) }]
    case .beacon(let incarnation, let head):
      return [
        header(.beacon, node) {
          $0.incarnation = incarnation
          $0.head = head
        }
      ]
    case .snapshotRequest(let id, let part):
      return [
        header(.snapshotRequest, node) {
          $0.id = id
          $0.part = part
        }
      ]
    case .snapshotPart(let part):
      let first = header(.snapshotPart, node) {
        $0.id = part.id
        $0.part = part.part
        $0.isLast = part.isLast
        $0.incarnation = part.position.incarnation
        $0.cursor = part.position.cursor
        $0.types = part.messages.map(\.type)
      }
      return [first] + part.messages.map(\.body)
    }
  }

  static func encode(_ telemetry: TelemetryPacket, from node: NodeID) -> [[UInt8]] {
    let first = header(.telemetry, node) {
      $0.origin = telemetry.origin
      $0.to = telemetry.to
      $0.types = [telemetry.type]
      $0.sentAt = telemetry.sentAt
    }
    return [first, telemetry.body]
  }

  /// Who sends it and what it is.
  static func decode(_ frames: [[UInt8]]) -> (from: NodeID, content: Content)? {
    guard let first = frames.first,
      let header = try? JSONDecoder().decode(WireHeader.self, from: Data(first)),
      header.version == WireHeader.version,
      let content = decode(header, bodies: Array(frames.dropFirst()))
    else { return nil }
    return (header.from, content)
  }

  private static func header(
    _ kind: WireHeader.Kind, _ node: NodeID, _ fill: (inout WireHeader) -> Void
  ) -> [UInt8] {
    var header = WireHeader(kind: kind, from: node)
    fill(&header)
    // Plain values only: encoding them cannot fail. An empty frame would be dropped as unreadable.
    return (try? JSONEncoder().encode(header)).map { Array($0) } ?? []
  }

  private static func fill(_ header: inout WireHeader, _ channel: Channel, _ position: Position) {
    header.channel = channel.text
    header.incarnation = position.incarnation
    header.cursor = position.cursor
  }

  private static func encode(_ greeting: Greeting, from node: NodeID) -> [[UInt8]] {
    [
      header(.greeting, node) {
        $0.incarnation = greeting.incarnation
        $0.wantsReply = greeting.wantsReply
        $0.follows = greeting.follows
        $0.positions = byText(greeting.positions)
        $0.extents = byText(greeting.extents)
      }
    ]
  }

  private static func encode(_ run: EntryRun, from node: NodeID) -> [[UInt8]] {
    let first = header(.entries, node) {
      $0.incarnation = run.incarnation
      $0.channel = run.channel.text
      $0.previous = run.previous
      $0.entries = run.entries.map {
        WireHeader.Entry(
          sequence: $0.sequence, id: $0.id, type: $0.type, correlation: $0.correlation,
          createdAt: $0.createdAt)
      }
    }
    return [first] + run.entries.map(\.body)
  }

  private static func decode(_ header: WireHeader, bodies: [[UInt8]]) -> Content? {
    switch header.kind {
    case .greeting: return greeting(header).map { .packet(.greeting($0)) }
    case .entries: return run(header, bodies).map { .packet(.entries($0)) }
    case .ack: return place(header).map { .packet(.acknowledgement(channel: $0, position: $1)) }
    case .again: return place(header).map { .packet(.again(channel: $0, position: $1)) }
    case .beacon:
      guard let incarnation = header.incarnation, let head = header.head else { return nil }
      return .packet(.beacon(incarnation: incarnation, head: head))
    case .snapshotRequest:
      guard let id = header.id, let part = header.part, part >= 0 else { return nil }
      return .packet(.snapshotRequest(id: id, part: part))
    case .snapshotPart: return snapshotPart(header, bodies).map { .packet(.snapshotPart($0)) }
    case .telemetry:
      guard let origin = header.origin, let type = header.types?.first, bodies.count == 1,
        let sentAt = header.sentAt
      else { return nil }
      return .telemetry(
        TelemetryPacket(
          origin: origin, to: header.to, type: type, sentAt: sentAt, body: bodies[0]))
    }
  }

  private static func greeting(_ header: WireHeader) -> Greeting? {
    guard let incarnation = header.incarnation else { return nil }
    return Greeting(
      incarnation: incarnation, wantsReply: header.wantsReply ?? false,
      follows: header.follows ?? false, positions: byChannel(header.positions),
      extents: byChannel(header.extents))
  }

  private static func place(_ header: WireHeader) -> (Channel, Position)? {
    guard let channel = header.channel.flatMap(Channel.init(text:)),
      let incarnation = header.incarnation, let cursor = header.cursor
    else { return nil }
    return (channel, Position(incarnation: incarnation, cursor: cursor))
  }

  private static func run(_ header: WireHeader, _ bodies: [[UInt8]]) -> EntryRun? {
    guard let channel = header.channel.flatMap(Channel.init(text:)),
      let incarnation = header.incarnation, let previous = header.previous,
      let entries = header.entries, !entries.isEmpty, entries.count == bodies.count
    else { return nil }
    var last = previous
    for entry in entries {
      guard entry.sequence > last else { return nil }
      last = entry.sequence
    }
    return EntryRun(
      incarnation: incarnation, channel: channel, previous: previous,
      entries: zip(entries, bodies).map { entry, body in
        LogEntryRecord(
          sequence: entry.sequence, id: entry.id, type: entry.type,
          correlation: entry.correlation, createdAt: entry.createdAt, body: body)
      })
  }

  private static func snapshotPart(_ header: WireHeader, _ bodies: [[UInt8]]) -> SnapshotPart? {
    guard let id = header.id, let part = header.part, let isLast = header.isLast,
      let incarnation = header.incarnation, let cursor = header.cursor,
      let types = header.types, types.count == bodies.count
    else { return nil }
    return SnapshotPart(
      id: id, part: part, isLast: isLast,
      position: Position(incarnation: incarnation, cursor: cursor),
      messages: zip(types, bodies).map { SnapshotMessage(type: $0, body: $1) })
  }

  private static func byText<Value>(_ values: [Channel: Value]) -> [String: Value] {
    Dictionary(uniqueKeysWithValues: values.map { ($0.key.text, $0.value) })
  }

  private static func byChannel<Value>(_ values: [String: Value]?) -> [Channel: Value] {
    var found: [Channel: Value] = [:]
    for (text, value) in values ?? [:] {
      if let channel = Channel(text: text) { found[channel] = value }
    }
    return found
  }
}
