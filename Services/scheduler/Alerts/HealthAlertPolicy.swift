internal import Base
internal import Messages

/// Decides what people must hear of before it is lost: streams that are captured badly, disks that
/// will be full, recorders that say of themselves that something is wrong; and the end of each.
/// Level-triggered, as `AlertPolicy` is, which tells of what is lost already.
///
/// A trouble must last for `holdOff`, and be over for as long, before anything is said: a score that
/// wavers about the threshold makes one alert. A value: no clock, no database.
struct HealthAlertPolicy: Sendable {
  struct Recorder: Sendable {
    var node: NodeID
    var isPresent: Bool
    /// As its heartbeat says them.
    var faults: [String]
    var diskFullAt: Instant?
  }

  /// A stream is told of at this score or below, and is well again at the other or above.
  static let unhealthy = 50
  static let healthy = 70
  /// A disk that is full within the first is told of; one that lasts the second is well again.
  static let diskSoon = Duration.seconds(24 * 3600)
  static let diskWell = Duration.seconds(36 * 3600)

  private let holdOff: Duration
  /// Since when each thing has been as it is now, where that differs from what was said.
  private var changedAt: [AlertID: (isBad: Bool, at: Monotonic, since: Instant)] = [:]

  init(holdOff: Duration) { self.holdOff = holdOff }

  private static let stream = "stream-unhealthy."
  private static let disk = "disk-filling."
  private static let trouble = "recorder-trouble."

  static func owns(_ id: AlertID) -> Bool {
    [stream, disk, trouble].contains { id.text.hasPrefix($0) }
  }

  /// How one thing is.
  private struct Sighting {
    var id: AlertID
    /// nil: neither bad nor well, so that what was said stays.
    var isBad: Bool?
    var severity: AlertSeverity
    var subject: String
    var text: String
    var ended: String
  }

  /// `raised` are this policy's alerts that were raised and not ended.
  mutating func look(
    at sight: AlertPolicy.Sight, troubles: [Recorder], raised: Set<AlertID>, now: Instant,
    monotonic: Monotonic
  ) -> [AlertPolicy.Action] {
    let recorders = troubles.sorted { $0.node < $1.node }
    let sightings =
      streams(sight) + recorders.map { disk($0, now) } + recorders.map { trouble($0, now) }
    var actions: [AlertPolicy.Action] = []
    for sighting in sightings {
      let isRaised = raised.contains(sighting.id)
      if let action = judge(sighting, isRaised, now, monotonic) { actions.append(action) }
    }
    let seen = Set(sightings.map(\.id))
    changedAt = changedAt.filter { seen.contains($0.key) }
    return actions
      + raised.subtracting(seen).sorted().map {
        .end(EndAlert(id: $0, text: "It is no longer known.", at: now))
      }
  }

  private mutating func judge(
    _ sighting: Sighting, _ isRaised: Bool, _ now: Instant, _ monotonic: Monotonic
  ) -> AlertPolicy.Action? {
    let id = sighting.id
    guard let isBad = sighting.isBad, isBad != isRaised else {
      changedAt[id] = nil
      return nil
    }
    let known = changedAt[id].flatMap { $0.isBad == isBad ? $0 : nil }
    let change = known ?? (isBad, monotonic, now)
    changedAt[id] = change
    guard monotonic - change.at >= holdOff else { return nil }
    changedAt[id] = nil
    return isBad
      ? .raise(
        RaiseAlert(
          id: id, severity: sighting.severity, subject: AlertPolicy.line(sighting.subject),
          text: sighting.text, at: change.since))
      : .end(EndAlert(id: id, text: sighting.ended, at: now))
  }

  /// The best of a stream's captures counts. One that brings nothing at all is `AlertPolicy`'s.
  private func streams(_ sight: AlertPolicy.Sight) -> [Sighting] {
    Dictionary(grouping: sight.captures, by: \.stream).sorted { $0.key < $1.key }
      .compactMap { stream, states in
        guard let name = sight.names[stream] else { return nil }
        let wanted = states.filter { $0.state != .idle }
        let best = wanted.filter { $0.state == .capturing || $0.state == .blocked }
          .compactMap(\.health).max { $0.score < $1.score }
        return Sighting(
          id: AlertID(unchecked: Self.stream + stream.text),
          isBad: wanted.isEmpty ? false : best.flatMap { Self.isBad($0.score) },
          severity: .warning, subject: "“\(name)” is captured badly (\(best?.score ?? 0) of 100)",
          text: (best?.reasons ?? []).joined(separator: " "),
          ended: wanted.isEmpty ? "Nobody needs the stream now." : "It is captured well again.")
      }
  }

  private static func isBad(_ score: Int) -> Bool? {
    score <= unhealthy ? true : score >= healthy ? false : nil
  }

  private func disk(_ recorder: Recorder, _ now: Instant) -> Sighting {
    let left = recorder.diskFullAt.map { $0 - now }
    let isBad: Bool? =
      !recorder.isPresent
      ? nil : left.map { $0 < Self.diskSoon ? true : $0 >= Self.diskWell ? false : nil } ?? false
    let hours = max(0, Int((left ?? .zero).inSeconds / 3600))
    return Sighting(
      id: AlertID(unchecked: Self.disk + recorder.node.text), isBad: isBad, severity: .critical,
      subject: "The disk of \(recorder.node) will be full in \(hours) hours",
      text:
        "At the rate of the last hour the disk of \(recorder.node) is full at "
        + "\((recorder.diskFullAt ?? now).formatted(between: " ")) UTC. Free some space, or bound its "
        + "tapes ([recorder] tape_days, tape_gib).",
      ended: "The disk has room again.")
  }

  private func trouble(_ recorder: Recorder, _ now: Instant) -> Sighting {
    let isFilling = recorder.diskFullAt.map { $0 - now < Self.diskWell } ?? false
    // That the disk will be full has an alert of its own.
    let faults = recorder.faults.filter { !(isFilling && $0.hasPrefix("disk:")) }
    return Sighting(
      id: AlertID(unchecked: Self.trouble + recorder.node.text),
      isBad: recorder.isPresent ? !faults.isEmpty : nil, severity: .warning,
      subject: "\(recorder.node) is not well", text: faults.joined(separator: "\n"),
      ended: "\(recorder.node) is well again.")
  }
}
