import Base
import Testing

@testable import Bus

@Suite struct PacketCodingTests {
  private static let life = Incarnation(unchecked: "0011")
  private static let place = Position(incarnation: life, cursor: 17)

  private static func entry(_ sequence: Int64, body: String, answering: MessageID? = nil)
    -> LogEntryRecord
  {
    LogEntryRecord(
      sequence: sequence, id: MessageID(unchecked: "m\(sequence)"), type: "test.note",
      correlation: answering, createdAt: Instant(microseconds: 1_795_287_600_250_000),
      body: Array(body.utf8))
  }

  static let packets: [Packet] = [
    .greeting(
      Greeting(
        incarnation: life, wantsReply: true, follows: true,
        positions: [.node(.worker): place, .followers: Position(incarnation: life, cursor: 0)],
        extents: [.followers: Extent(pruned: 3, head: .max)])),
    .greeting(
      Greeting(
        incarnation: life, wantsReply: false, follows: false, positions: [:], extents: [:])),
    .entries(
      EntryRun(
        incarnation: life, channel: .node(.worker), previous: 4,
        entries: [
          entry(5, body: #"{"a":1}"#), entry(9, body: "", answering: MessageID(unchecked: "m1")),
        ])),
    .entries(
      EntryRun(
        incarnation: life, channel: .followers, previous: 0, entries: [entry(1, body: "\0ü")])),
    .acknowledgement(channel: .node(.worker), position: place),
    .acknowledgement(channel: .followers, position: place),
    .again(channel: .followers, position: place),
    .beacon(incarnation: life, head: 99),
    .snapshotRequest(id: MessageID(unchecked: "s1"), part: 0),
    .snapshotPart(
      SnapshotPart(
        id: MessageID(unchecked: "s1"), part: 2, isLast: false, position: place,
        messages: [SnapshotMessage(type: "a", body: [1]), SnapshotMessage(type: "b", body: [])])),
    .snapshotPart(
      SnapshotPart(
        id: MessageID(unchecked: "s1"), part: 0, isLast: true, position: place, messages: [])),
  ]

  static let telemetry = TelemetryPacket(
    origin: .worker, to: .follower, type: "test.pulse", sentAt: Instant(microseconds: 5),
    body: [123, 125])

  @Test("Every packet comes back as it went", arguments: packets)
  func roundTrip(packet: Packet) throws {
    let decoded = try #require(PacketCoding.decode(PacketCoding.encode(packet, from: .hub)))
    #expect(decoded.from == .hub)
    #expect(decoded.content == .packet(packet))
  }

  @Test("Telemetry comes back as it went, also to all")
  func telemetryRoundTrip() throws {
    var toAll = Self.telemetry
    toAll.to = nil
    for telemetry in [Self.telemetry, toAll] {
      let decoded = try #require(PacketCoding.decode(PacketCoding.encode(telemetry, from: .hub)))
      #expect(decoded.from == .hub)
      #expect(decoded.content == .telemetry(telemetry))
    }
  }

  static let junk: [(String, [String])] = [
    ("no frame", []),
    ("an empty frame", [""]),
    ("no JSON", ["hello"]),
    ("another version", [#"{"version":2,"kind":"beacon","from":"a","incarnation":"i","head":1}"#]),
    ("no version", [#"{"kind":"beacon","from":"a","incarnation":"i","head":1}"#]),
    ("an unknown kind", [#"{"version":1,"kind":"shout","from":"a"}"#]),
    ("no sender", [#"{"version":1,"kind":"beacon","incarnation":"i","head":1}"#]),
    (
      "a sender with a path",
      [#"{"version":1,"kind":"beacon","from":"../a","incarnation":"i","head":1}"#]
    ),
    ("a beacon without a head", [#"{"version":1,"kind":"beacon","from":"a","incarnation":"i"}"#]),
    (
      "a head that is no integer",
      [#"{"version":1,"kind":"beacon","from":"a","incarnation":"i","head":1.5}"#]
    ),
    (
      "an ack without a channel",
      [#"{"version":1,"kind":"ack","from":"a","incarnation":"i","cursor":1}"#]
    ),
    (
      "an ack of an odd channel",
      [#"{"version":1,"kind":"ack","from":"a","channel":"A/B","incarnation":"i","cursor":1}"#]
    ),
    (
      "a run without entries",
      [
        #"{"version":1,"kind":"entries","from":"a","channel":"*","incarnation":"i","previous":0,"entries":[]}"#
      ]
    ),
    (
      "fewer bodies than entries",
      [
        #"{"version":1,"kind":"entries","from":"a","channel":"*","incarnation":"i","previous":0,"entries":[{"sequence":1,"id":"m","type":"t","createdAt":"2026-11-21T19:00:00Z"}]}"#
      ]
    ),
    (
      "numbers that do not grow",
      [
        #"{"version":1,"kind":"entries","from":"a","channel":"*","incarnation":"i","previous":4,"entries":[{"sequence":4,"id":"m","type":"t","createdAt":"2026-11-21T19:00:00Z"}]}"#,
        "{}",
      ]
    ),
    (
      "a negative part", [#"{"version":1,"kind":"snapshot.request","from":"a","id":"s","part":-1}"#]
    ),
    (
      "a part with fewer bodies than types",
      [
        #"{"version":1,"kind":"snapshot.part","from":"a","id":"s","part":0,"isLast":true,"incarnation":"i","cursor":1,"types":["a"]}"#
      ]
    ),
    (
      "telemetry without a body",
      [
        #"{"version":1,"kind":"telemetry","from":"a","origin":"a","types":["t"],"sentAt":"2026-11-21T19:00:00Z"}"#
      ]
    ),
    ("deep nesting", [String(repeating: "[", count: 100_000)]),
  ]

  @Test("What cannot be read is refused", arguments: junk)
  func refused(name: String, frames: [String]) {
    #expect(PacketCoding.decode(frames.map { Array($0.utf8) }) == nil, "\(name)")
  }

  @Test("Unknown fields are ignored")
  func unknownFields() {
    let text =
      #"{"version":1,"kind":"beacon","from":"a","incarnation":"i","head":7,"mood":{"x":[1]}}"#
    let decoded = PacketCoding.decode([Array(text.utf8)])
    #expect(
      decoded?.content
        == .packet(.beacon(incarnation: Incarnation(unchecked: "i"), head: 7)))
  }

  /// Each mutant is decoded and, where it can be, given to a core that must bear it.
  @Test("Mutated frames never crash the reader or the core", arguments: [UInt64(1), 2, 3, 4])
  func mutants(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var core = BusCore(
      node: .worker, incarnation: Self.life, peers: [.hub: true],
      extents: [.followers: Extent(pruned: 2, head: 20)],
      acknowledged: [Subscription(consumer: .hub, channel: .followers): 5], intakes: [:], seed: 1)
    let corpus =
      Self.packets.map { PacketCoding.encode($0, from: .hub) } + [
        PacketCoding.encode(Self.telemetry, from: .hub)
      ]
    var read = 0
    for step in 0..<1500 {
      var frames = corpus[Int.random(in: 0..<corpus.count, using: &generator)]
      for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&frames, &generator) }
      guard let (_, content) = PacketCoding.decode(frames), case .packet(let packet) = content
      else { continue }
      read += 1
      let now = Monotonic(nanoseconds: Int64(step) * 50_000_000)
      _ = core.receive(packet, from: .hub, now: now)
      _ = core.tick(now: now)
      if case .entries(let run) = packet {
        let source = Source(producer: .hub, channel: run.channel)
        for index in run.entries.indices { _ = core.admit(source, run, at: index) }
      }
      if case .snapshotPart(let part) = packet { _ = core.receive(part, from: .hub, now: now) }
    }
    #expect(read > 20)
  }

  private func mutate(_ frames: inout [[UInt8]], _ generator: inout SplitMix64) {
    guard !frames.isEmpty else { return }
    let frame = Int.random(in: 0..<frames.count, using: &generator)
    let count = frames[frame].count
    let place = count == 0 ? 0 : Int.random(in: 0..<count, using: &generator)
    switch Int.random(in: 0..<8, using: &generator) {
    case 0 where count > 0: frames[frame][place] = UInt8.random(in: 0...255, using: &generator)
    case 1 where count > 0: frames[frame].remove(at: place)
    case 2: frames[frame].insert(contentsOf: Array("999999999999".utf8), at: place)
    case 3: frames[frame] = Array(frames[frame].prefix(place))
    case 4: frames.remove(at: frame)
    case 5: frames.append(frames[frame])
    case 6 where count > 0:
      // A digit for a digit keeps the JSON whole and changes its meaning.
      for index in place..<count where (48...57).contains(frames[frame][index]) {
        frames[frame][index] = UInt8.random(in: 48...57, using: &generator)
        break
      }
    default: frames[frame].insert(UInt8(ascii: "-"), at: place)
    }
  }
}
