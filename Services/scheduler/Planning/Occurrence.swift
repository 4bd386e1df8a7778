internal import Base
internal import Bus

/// One recording that a schedule asks for.
struct Occurrence: Hashable, Sendable {
  let schedule: ScheduleID
  /// The start that the rule names, without padding.
  let start: Instant
  /// `start` and the schedule's duration in elapsed time, without padding; of files without end the
  /// start of the next one.
  let end: Instant
  let paddingBefore: Duration
  let paddingAfter: Duration
  /// Tells recordings of one schedule with the same start apart; 0 where there is one.
  let slot: Int

  init(of schedule: PlannedSchedule, start: Instant, slot: Int = 0) {
    self.schedule = schedule.id
    self.start = start
    end = schedule.end(of: start)
    paddingBefore = schedule.paddingBefore
    paddingAfter = schedule.paddingAfter
    self.slot = slot
  }

  /// From here on the stream is needed.
  var paddedStart: Instant { start - paddingBefore }
  /// Here the recording's window is complete.
  var paddedEnd: Instant { end + paddingAfter }

  /// The same for the same occurrence on every evaluation, after every restart and in every
  /// scheduler, whatever happened to zones, paddings or titles meanwhile.
  var jobID: JobID { .occurrence(of: schedule, startingAt: start, slot: slot) }
}
