import Base

@testable import Bus

/// A network of `BusCore`s under a seeded, hostile world: packets are dropped, repeated, reordered
/// and delayed, links are cut, processes die before and after their commits, clocks run on. After
/// every step the invariants that can be checked at once are; the rest when the world has healed.
struct Simulation: Sendable {
  enum Event: Sendable {
    case deliver(Packet, from: NodeID, to: NodeID)
    case heartbeat(from: NodeID)
    case tick(NodeID, life: Int)
    case work(NodeID, life: Int)
    case restart(NodeID)
  }

  /// How bad the world is; all chances in percent.
  struct Weather: Sendable {
    var drop = 10
    var repeated = 5
    var crashPerStep = 0.002
    var cutPerStep = 0.0006
    var longestDelayMs: Int64 = 2000
  }

  static let scheduler = NodeID(unchecked: "scheduler")
  static let grace: Int64 = 60_000

  let seed: UInt64
  var generator: SplitMix64
  var weather = Weather()
  var isHealing = false
  /// Virtual milliseconds.
  var now: Int64 = 0
  var queue = EventQueue<Event>()
  var nodes: [NodeID: SimulatedNode] = [:]
  let order: [NodeID]
  var messages: [SimulatedMessage] = []
  var cuts: [Set<NodeID>: Int64] = [:]
  var violations: [String] = []
  var steps = 0
  // What the omniscient observer has seen.
  var commits: [JobID: [Int64]] = [:]
  var highestToken: [JobID: Int64] = [:]
  var crashes = 0
  var snapshots = 0
  var planned = 0
  var sentCommands = 0
  /// Commands that were given and not yet applied, and by whom.
  var outstanding: [Int: NodeID] = [:]
  /// Commands up to this number may have been on their way when their giver's disk was thrown away.
  var lost = 0

  init(seed: UInt64) {
    self.seed = seed
    generator = SplitMix64(seed: seed)
    let plan: [(String, SimulatedNode.Role, [NodeID: Bool])] = [
      ("scheduler", .scheduler, [:]),
      ("recorder-1", .recorder, [Simulation.scheduler: false]),
      ("recorder-2", .recorder, [Simulation.scheduler: false]),
      ("recorder-3", .recorder, [Simulation.scheduler: false]),
      ("gateway", .follower, [Simulation.scheduler: true]),
      ("delivery", .giver, [Simulation.scheduler: false]),
    ]
    order = plan.map { NodeID(unchecked: $0.0) }
    for (name, role, peers) in plan {
      let id = NodeID(unchecked: name)
      let incarnation = Incarnation(unchecked: "\(name)-\(generator.next())")
      nodes[id] = SimulatedNode(
        id: id, role: role, peers: peers, disk: SimulatedDisk(incarnation: incarnation))
    }
    for id in order { start(id) }
  }

  mutating func run(steps limit: Int) {
    while steps < limit, violations.isEmpty { step() }
    heal()
  }

  private mutating func step() {
    steps += 1
    guard let (time, event) = queue.next() else { return }
    now = max(now, time)
    handle(event)
    if !isHealing { misfortune() }
  }

  /// The weather clears, everybody is up; nothing new is begun, and all that was begun must end.
  private mutating func heal() {
    isHealing = true
    weather = Weather(drop: 0, repeated: 0, crashPerStep: 0, cutPerStep: 0, longestDelayMs: 50)
    cuts = [:]
    for id in order where nodes[id]?.core == nil { start(id) }
    // Longer than the longest window, lease, grace and backoff together.
    let end = now + 600_000
    while now < end, violations.isEmpty { step() }
    if violations.isEmpty { checkAtRest() }
  }

  private mutating func handle(_ event: Event) {
    let clock = monotonic
    switch event {
    case .deliver(let packet, let from, let to):
      guard nodes[to]?.core != nil, !isCut(from, to) else { return }
      receive(packet, from: from, at: to)
    case .heartbeat(let from):
      guard nodes[Simulation.scheduler]?.core != nil, !isCut(from, Simulation.scheduler) else {
        return
      }
      nodes[Simulation.scheduler]?.heardAt[from] = now
      renewLeases(of: from)
    case .tick(let id, let life):
      guard nodes[id]?.life == life, let outputs = nodes[id]?.core?.tick(now: clock) else {
        return
      }
      perform(outputs, at: id)
      queue.add(.tick(id, life: life), at: now + 250)
    case .work(let id, let life):
      guard nodes[id]?.life == life, nodes[id]?.core != nil else { return }
      work(id)
      queue.add(.work(id, life: life), at: now + 500 + roll(1000))
    case .restart(let id): if nodes[id]?.core == nil { start(id) }
    }
  }

  private mutating func misfortune() {
    if chance(weather.crashPerStep) { crash(order[Int(roll(Int64(order.count)))]) }
    if chance(weather.cutPerStep) {
      let other = order[1 + Int(roll(Int64(order.count - 1)))]
      cuts[[Simulation.scheduler, other]] = now + roll(60_000)
    }
    // The gateway's copy can be thrown away at any time; it is made again from a snapshot.
    if chance(weather.crashPerStep / 10) {
      let gateway = NodeID(unchecked: "gateway")
      nodes[gateway]?.disk = SimulatedDisk(
        incarnation: Incarnation(unchecked: "gateway-\(generator.next())"))
      outstanding = outstanding.filter { $0.value != gateway }
      lost = sentCommands
      start(gateway)
    }
  }

  mutating func crash(_ id: NodeID) {
    guard nodes[id]?.core != nil else { return }
    crashes += 1
    nodes[id]?.crash()
    queue.add(.restart(id), at: now + roll(30_000))
  }

  private mutating func start(_ id: NodeID) {
    nodes[id]?.start(seed: generator.next())
    let life = nodes[id]?.life ?? 0
    queue.add(.tick(id, life: life), at: now)
    queue.add(.work(id, life: life), at: now + roll(500))
  }

  // MARK: Network

  mutating func post(_ packet: Packet, from: NodeID, to: NodeID) {
    guard !isCut(from, to) else { return }
    var copies = 1
    if roll(100) < weather.drop { copies = 0 }
    if roll(100) < weather.repeated { copies += 1 }
    for _ in 0..<copies {
      // Mostly quick, sometimes very late, so that packets overtake each other.
      let delay = roll(20) == 0 ? roll(weather.longestDelayMs * 5) : roll(weather.longestDelayMs)
      queue.add(.deliver(packet, from: from, to: to), at: now + 1 + delay / 10)
    }
  }

  func isCut(_ one: NodeID, _ other: NodeID) -> Bool {
    cuts[[one, other]].map { now < $0 } ?? false
  }

  var monotonic: Monotonic { Monotonic(nanoseconds: now * 1_000_000) }

  mutating func roll(_ limit: Int64) -> Int64 {
    limit <= 0 ? 0 : Int64(generator.next() % UInt64(limit))
  }

  mutating func chance(_ probability: Double) -> Bool {
    Double(generator.next() % 1_000_000) < probability * 1_000_000
  }

  var missed: Int {
    nodes[Simulation.scheduler]?.disk.jobs.values.filter {
      if case .missed = $0.state { true } else { false }
    }.count ?? 0
  }

  mutating func violated(_ invariant: String, _ text: String) {
    violations.append("seed \(seed), step \(steps), \(now) ms: \(invariant): \(text)")
  }
}
