import Base
import Messages

/// Says what is due: which streams are to be captured, which recordings begin and end, and when to
/// look again. A value; the same for any number of overlapping recordings of a stream.
struct PlanPolicy {
  struct Item: Hashable, Sendable {
    var job: JobID
    var stream: StreamID
    var start: Instant
    var end: Instant
    var phase: RecordingPhase
    /// It is captured, and its window neither opened nor closed: another recorder has it.
    var isSpare = false
  }

  struct Due: Hashable, Sendable {
    /// Streams that somebody needs now.
    var streams: Set<StreamID> = []
    /// Streams that somebody would need now, were it not for the pause.
    var withheld: Set<StreamID> = []
    /// Recordings whose window has opened.
    var starts: [JobID] = []
    /// Recordings whose window is over.
    var ends: [JobID] = []
    /// When the answer changes next.
    var next: Instant?
  }

  /// How long before its window a stream is connected.
  var lead = Duration.seconds(10)

  /// How long after its window a spare one goes on: nobody waits for its last frames.
  var drain = Duration.seconds(8)

  /// While paused, nothing begins that has not begun.
  func due(_ items: some Sequence<Item>, now: Instant, isPaused: Bool) -> Due {
    var due = Due()
    func look(at instant: Instant) {
      if instant > now { due.next = min(due.next ?? instant, instant) }
    }
    for item in items {
      switch item.phase {
      case .planned where item.isSpare, .recording where item.isSpare:
        let connect = item.start - lead
        let isBegun = item.phase == .recording || now >= item.start
        if now >= connect, now < item.end + drain, isBegun || !isPaused {
          due.streams.insert(item.stream)
        }
        look(at: connect)
        look(at: item.end + drain)
      case .planned where !isPaused:
        let connect = item.start - lead
        if now >= connect, now < item.end { due.streams.insert(item.stream) }
        if now >= item.start { due.starts.append(item.job) }
        look(at: connect)
        look(at: item.start)
      case .planned:
        let connect = item.start - lead
        if now >= connect, now < item.end { due.withheld.insert(item.stream) }
        look(at: connect)
        look(at: item.end)
      case .recording:
        if now >= item.end { due.ends.append(item.job) } else { due.streams.insert(item.stream) }
        look(at: item.end)
      default: break
      }
    }
    due.withheld.subtract(due.streams)
    return due
  }
}
