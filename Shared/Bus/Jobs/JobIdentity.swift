public import Base

extension JobID {
  /// The id of one occurrence of a schedule: the same however often and by whomever it is computed
  /// (again after a restart, after a change of the clocks, by a second scheduler), so that the same
  /// show is never two jobs.
  ///
  /// `slot` tells apart what one occurrence needs more than one of (a second recorder, say).
  public static func occurrence(
    of schedule: ScheduleID, startingAt start: Instant, slot: Int = 0
  ) -> JobID {
    let text = "\(schedule)|\(start.microseconds)|\(slot)"
    return JobID(unchecked: hexadecimal(SHA256.hash(text.utf8).prefix(16)))
  }
}
