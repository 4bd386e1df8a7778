import Base
import Messages

/// What a recorder makes of a plan that comes for a recording that it knows. A value; the decision is
/// the same however often the plan comes.
enum PlanUptake: Hashable, Sendable {
  /// It is the plan that there is.
  case keep
  /// It takes the place of the one before, and the work goes on where it is.
  case take
  /// A file is being made for the one before: that is ended first, and then it is judged again.
  case later
  /// The work begins anew, out of what the tape has.
  case anew

  static func decide(_ plan: RecordingPlan, known: PlannedRecording) -> PlanUptake {
    let isNewer = plan.token > known.plan.token
    switch known.phase {
    case .planned, .recording: return plan == known.plan ? .keep : .take
    case .finishing, .placing:
      if plan == known.plan { return .keep }
      return isSameCut(plan, known.plan) ? .take : .later
    case .finished:
      if plan == known.plan { return .keep }
      return isNewer && !isSameCut(plan, known.plan) ? .anew : .take
    // It was taken away and has come back.
    case .dropped: return .anew
    // Its failure was not accepted, or what took its place did not last.
    case .failed, .superseded: return isNewer ? .anew : .keep
    }
  }

  private static func isSameCut(_ left: RecordingPlan, _ right: RecordingPlan) -> Bool {
    left.stream == right.stream && left.paddedStart == right.paddedStart
      && left.paddedEnd == right.paddedEnd
  }
}
