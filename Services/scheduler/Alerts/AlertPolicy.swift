internal import Base
internal import Messages

/// Decides what people must hear of: streams that are wanted and not captured, recorders that have
/// fallen silent, and the end of both. Level-triggered: it is shown how things are, again and again,
/// and says what is to be raised or ended so that what was said agrees with it.
///
/// A value: no clock, no database.
struct AlertPolicy: Sendable {
  /// How long a trouble must have lasted. A source that is connected anew, or a recorder that is
  /// updated, is nobody's business.
  var holdOff: Duration

  /// A stream that was asked for just now is not down, however short the hold-off: its connection has
  /// that long for the first frame, which is a little more than a recorder itself gives it.
  static let startPatience = Duration.seconds(15)

  struct Recorder: Hashable, Sendable {
    var node: NodeID
    var isPresent: Bool
    /// How long it has been silent.
    var silence: Duration
    /// It said that it was about to end, so somebody wanted that.
    var hasLeft: Bool
  }

  struct Sight: Sendable {
    /// What streams are called.
    var names: [StreamID: String]
    var captures: [CaptureStatus]
    var recorders: [Recorder]
  }

  enum Action: Hashable, Sendable {
    case raise(RaiseAlert)
    case end(EndAlert)
  }

  /// Since when each stream is not captured though somebody wants it. May be lost: it is then counted
  /// from what recorders last said.
  private(set) var troubles: [StreamID: Instant] = [:]
  /// When each stream was last seen to be captured.
  private var goodAt: [StreamID: Instant] = [:]

  init(holdOff: Duration) { self.holdOff = holdOff }

  /// `raised` are the alerts that were raised and not ended.
  mutating func look(at sight: Sight, raised: Set<AlertID>, now: Instant) -> [Action] {
    var actions: [Action] = []
    var told = raised
    for (stream, states) in Dictionary(grouping: sight.captures, by: \.stream)
      .sorted(by: { $0.key < $1.key })
    {
      guard let name = sight.names[stream] else { continue }
      let id = Self.id(of: stream)
      told.remove(id)
      if let action = look(at: stream, name, states, isRaised: raised.contains(id), now) {
        actions.append(action)
      }
    }
    for recorder in sight.recorders.sorted(by: { $0.node < $1.node }) {
      let id = Self.id(of: recorder.node)
      told.remove(id)
      if let action = look(at: recorder, isRaised: raised.contains(id), now) {
        actions.append(action)
      }
    }
    troubles = troubles.filter { sight.names[$0.key] != nil }
    goodAt = goodAt.filter { sight.names[$0.key] != nil }
    // What they told of is no longer known at all.
    return actions
      + told.sorted().map { .end(EndAlert(id: $0, text: "It was removed.", at: now)) }
  }

  private mutating func look(
    at stream: StreamID, _ name: String, _ states: [CaptureStatus], isRaised: Bool, _ now: Instant
  ) -> Action? {
    let id = Self.id(of: stream)
    let wanted = states.filter { $0.state != .idle }
    guard let worst = wanted.first, !wanted.contains(where: { $0.state == .capturing }) else {
      troubles[stream] = nil
      goodAt[stream] = now
      guard isRaised else { return nil }
      let text = wanted.isEmpty ? "Nobody needs the stream now." : "Frames arrive again."
      return .end(EndAlert(id: id, text: text, at: now))
    }
    // Each try to connect is a state of its own, so the first of them counts.
    let said = min(now, wanted.map(\.since).min() ?? now)
    let since = troubles[stream] ?? max(said, goodAt[stream] ?? said)
    troubles[stream] = since
    let isConnecting = wanted.allSatisfy { $0.state == .connecting }
    let patience = isConnecting ? max(holdOff, Self.startPatience) : holdOff
    guard !isRaised, now - since >= patience else { return nil }
    return .raise(
      RaiseAlert(
        id: id, severity: .critical, subject: Self.line("“\(name)” is not being captured"),
        text:
          "\(worst.reason ?? "No frames arrive.") \(worst.node) keeps trying; what is missing until "
          + "then is lost.", at: since))
  }

  private func look(at recorder: Recorder, isRaised: Bool, _ now: Instant) -> Action? {
    let id = Self.id(of: recorder.node)
    if recorder.isPresent {
      return isRaised
        ? .end(EndAlert(id: id, text: "\(recorder.node) is there again.", at: now)) : nil
    }
    guard !isRaised, !recorder.hasLeft, recorder.silence >= holdOff else { return nil }
    return .raise(
      RaiseAlert(
        id: id, severity: .critical, subject: "\(recorder.node) has fallen silent",
        text:
          "Nothing is heard of the recorder \(recorder.node). What it captures may go on or not; "
          + "what it was to record is given to another one where there is one. See whether its host "
          + "and its service run.", at: now - recorder.silence))
  }

  static func id(of stream: StreamID) -> AlertID { AlertID(unchecked: "stream-down.\(stream)") }
  static func id(of node: NodeID) -> AlertID { AlertID(unchecked: "recorder-lost.\(node)") }

  /// At most 150 characters and one line, as a mail's subject must be.
  static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 }.prefix(150))
  }
}
