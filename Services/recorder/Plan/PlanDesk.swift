import Base
import Bus
import Messages
import Storage

/// Takes what the scheduler says: the desired set, and its verdict on finished recordings.
///
/// A handler's effect and the place in the scheduler's log are one transaction; the rest happens
/// after the commit, and again at the next start if a kill came between.
struct PlanDesk: Sendable {
  let keeper: PlanKeeper
  let finisher: Finisher
  let outbox: Outbox
  let scheduler: NodeID
  let time: any TimeSource

  func register(in handlers: inout BusHandlers) {
    handlers.on(DesiredSet.self) { set, _, transaction in
      try take(set, transaction)
    }
    handlers.on(RecordingSettled.self) { verdict, _, transaction in
      try take(verdict, transaction)
    }
  }

  func take(_ set: DesiredSet, _ transaction: Transaction) throws {
    let before = try set.recordings.compactMap { try RecordingCatalog.find($0.job, transaction) }
    guard try RecordingCatalog.store(set, at: time.now(), transaction) else { return }
    // Given to us again under another token after we were done: our result counts under that one.
    let plans = Dictionary(set.recordings.map { ($0.job, $0) }) { first, _ in first }
    for recording in before {
      guard recording.phase == .finished, let file = recording.file,
        let plan = plans[recording.plan.job], plan.token > recording.plan.token,
        plan.isSpare != true, PlanUptake.decide(plan, known: recording) == .take
      else { continue }
      try outbox.send(
        RecordingFinished(job: plan.job, token: plan.token, file: file), to: scheduler,
        in: transaction)
    }
    let keeper = keeper
    transaction.afterCommit { keeper.planChanged() }
  }

  func take(_ verdict: RecordingSettled, _ transaction: Transaction) throws {
    guard let recording = try RecordingCatalog.find(verdict.job, transaction),
      recording.phase == .finished, recording.plan.token <= verdict.token
    else { return }
    let finisher = finisher
    try RecordingCatalog.settleEarlier(
      of: verdict.job, isReplaced: verdict.isCanonical, transaction)
    guard !verdict.isCanonical else {
      return transaction.afterCommit { Task { await finisher.setAsideReplaced() } }
    }
    try RecordingCatalog.setPhase(
      .superseded, of: verdict.job, at: time.now(),
      reason: "Another file is the canonical one.", transaction)
    transaction.afterCommit { Task { await finisher.setAsideSuperseded() } }
  }
}
