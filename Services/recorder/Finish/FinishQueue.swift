import Base

/// Who may work on a file now: so many at once, in the order in which they asked. A value.
struct FinishQueue: Hashable, Sendable {
  let limit: Int
  private(set) var waiting: [JobID] = []
  private(set) var working: Set<JobID> = []

  init(limit: Int) { self.limit = max(1, limit) }

  /// True where the job may begin at once; else it waits.
  mutating func enter(_ job: JobID) -> Bool {
    if waiting.isEmpty, working.count < limit {
      working.insert(job)
      return true
    }
    waiting.append(job)
    return false
  }

  /// - Returns: those who may begin now.
  mutating func leave(_ job: JobID) -> [JobID] {
    working.remove(job)
    let admitted = Array(waiting.prefix(limit - working.count))
    waiting.removeFirst(admitted.count)
    working.formUnion(admitted)
    return admitted
  }
}
