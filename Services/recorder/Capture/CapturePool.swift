import Base
import Media
import Messages
import Storage
import Synchronization

/// All captures of a recorder: made when first needed, kept, started and stopped as wanted. A few
/// threads carry them all. Where a station offers a stream's sound apart from its picture, that has a
/// capture of its own, which is wanted for as long as the stream is.
final class CapturePool: Sendable {
  private struct State {
    var definitions: [StreamID: StreamDefinition] = [:]
    var captures: [StreamID: Capture] = [:]
    var wanted: Set<StreamID> = []
    /// By their own ids.
    var sounds: [StreamID: StreamDefinition] = [:]
    /// Captured since before this process, until the plan is known and says what is wanted.
    var revived: Set<StreamID> = []
    var isPlanKnown = false

    var wantedWithSounds: Set<StreamID> {
      wanted.union(revived).union(sounds.keys.filter { wanted.contains($0.owner) })
    }

    /// nil until the plan has been looked at.
    var withheld: Set<StreamID>?
  }

  private let environment: CaptureEnvironment
  /// Each blocks while the disk is slow; more threads than that only wait for the same disk.
  private let lanes: [CaptureLane]
  private let state = Mutex(State())

  init(_ environment: CaptureEnvironment, threads: Int = 4) {
    self.environment = environment
    lanes = (0..<max(1, threads)).map { CaptureLane(named: "tape-\($0)") }
  }

  /// The streams as they are defined now.
  func define(_ streams: [StreamDefinition]) async {
    let changed = state.withLock { state in
      state.definitions = Dictionary(uniqueKeysWithValues: streams.map { ($0.id, $0) })
      return streams.compactMap { stream in state.captures[stream.id].map { ($0, stream) } }
    }
    for (capture, stream) in changed { await capture.update(stream) }
    // Some may have been wanted before they were defined.
    apply()
    // What is wanted from here on was said with the plan in view.
    state.withLock { $0.isPlanKnown = true }
  }

  /// Goes on with the streams whose connections outlived an earlier process; they are wanted until the
  /// plan is known. Returns when all that came meanwhile is on the tapes, or after five seconds.
  func revive(_ streams: [StreamDefinition]) async {
    let held = streams.filter { environment.opener.hasHeld($0.id) }
    state.withLock { state in
      for stream in streams { state.definitions[stream.id] = stream }
      state.revived = Set(held.map(\.id))
    }
    apply()
    await withTaskGroup(of: Void.self) { group in
      for capture in state.withLock({ Array($0.captures.values) }) {
        group.addTask { await capture.catchUp(within: .seconds(5)) }
      }
    }
  }

  /// Exactly these are captured. Returns at once.
  func want(_ streams: Set<StreamID>) {
    state.withLock { state in
      state.wanted = streams
      if state.isPlanKnown { state.revived = [] }
    }
    apply()
  }

  private func apply() {
    let all = state.withLock { state in
      let wanted = state.wantedWithSounds
      for stream in wanted where state.captures[stream] == nil {
        guard let definition = state.definitions[stream] ?? state.sounds[stream] else { continue }
        let lane = lanes[state.captures.count % lanes.count]
        state.captures[stream] = Capture(
          definition, lane: lane, environment: environment(of: stream))
      }
      return state.captures.map { ($0.value, wanted.contains($0.key)) }
    }
    for (capture, isWanted) in all { capture.want(isWanted) }
  }

  /// These would be captured, were the recorder not told to pause: the ledger says so. The first call
  /// also ends what a dead process wanted and nobody wants now. Returns at once.
  func withhold(_ streams: Set<StreamID>) {
    let (before, wanted) = state.withLock { state in
      defer { state.withheld = streams }
      return (state.withheld, state.wanted)
    }
    guard before != streams else { return }
    let (now, log) = (environment.time.now(), environment.log)
    let ended = (before ?? []).subtracting(streams).subtracting(wanted)
    Task { [database = environment.database] in
      do {
        try await database.write { transaction in
          if before == nil {
            try TapeLedger.closeAll(but: wanted.union(streams), at: now, transaction)
          }
          for stream in streams { try TapeLedger.withhold(stream, at: now, transaction) }
          for stream in ended { try TapeLedger.close(stream, at: now, transaction) }
        }
      } catch {
        for stream in streams.union(ended) {
          log(stream).error("the pause is not in the ledger", ("error", "\(error)"))
        }
      }
    }
  }

  /// See `Capture.reach`; returns at once for a stream that was never captured by this process.
  func reach(_ stream: StreamID, _ instant: Instant, by deadline: Instant) async {
    let captures = state.withLock { state in
      [stream, stream.sound].filter { $0 == stream || state.wantedWithSounds.contains($0) }
        .compactMap { state.captures[$0] }
    }
    for capture in captures { await capture.reach(instant, by: deadline) }
  }

  /// Ends all and returns when their tapes are closed. Connections that can outlive this process do.
  func stop() async {
    let all = state.withLock { state in
      state.wanted = []
      state.revived = []
      return state.captures.values
    }
    for capture in all { await capture.park() }
  }

  func figures() async -> [StreamID: CaptureFigures] {
    let captures = state.withLock { Array($0.captures.values) }
    var figures: [StreamID: CaptureFigures] = [:]
    for lane in lanes {
      let own = await lane.ask(captures) { $0.figures() }
      figures.merge(own) { $1 }
    }
    return figures
  }

  /// How every capture is doing, for a snapshot.
  func statuses() async -> [CaptureStatus] {
    let captures = state.withLock { $0.captures.values.filter { !$0.stream.isSound } }
    var statuses: [CaptureStatus] = []
    for lane in lanes { statuses += await lane.ask(captures) { $0.status() }.values }
    return statuses
  }

  /// A sound is told of in the log of its stream; others know the stream alone.
  private func environment(of stream: StreamID) -> CaptureEnvironment {
    var environment = environment
    guard stream.isSound else {
      environment.onSound = { [weak self] definition, url in
        self?.noteSound(of: definition, at: url)
      }
      return environment
    }
    let log = environment.log
    environment.log = { log($0.owner).with(("track", "sound")) }
    environment.onStatus = { _ in }
    return environment
  }

  private func noteSound(of stream: StreamDefinition, at url: String?) {
    let sound = url.map { stream.sound(at: $0) }
    let capture = state.withLock { state in
      let isNews = state.sounds[stream.id.sound] != sound
      state.sounds[stream.id.sound] = sound
      return isNews ? state.captures[stream.id.sound] : nil
    }
    if let capture, let sound { Task { await capture.update(sound) } }
    apply()
  }

  /// Every capture that was ever needed.
  var all: [Capture] { state.withLock { Array($0.captures.values) } }

  var activeCount: Int { state.withLock { $0.wanted.count } }
}

extension StreamDefinition {
  /// The stream's sound, where its station's playlist says that it is.
  fileprivate func sound(at url: String) -> StreamDefinition {
    let isOurHost = urls.contains { URIReference.host($0) == URIReference.host(url) }
    return StreamDefinition(
      id: id.sound, name: name, urls: [url], userAgent: userAgent,
      // What proves who we are goes to the hosts that the definition names, whatever a list says.
      headers: isOurHost ? headers : headers.filter { !HLSFetcher.isSecret($0.key) })
  }
}
