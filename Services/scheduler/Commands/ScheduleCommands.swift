internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Making, changing and forgetting schedules. What is planned of a schedule is brought in line in the
/// same transaction, so that nobody ever sees a schedule and recordings that contradict it.
extension CommandDesk {
  func put(_ command: PutSchedule, _ transaction: Transaction) throws -> String? {
    let schedule = command.schedule
    let now = time.now()
    let known = try ScheduleCatalog.find(schedule.id, transaction)
    if command.mustBeNew, known != nil {
      throw Refusal(
        .conflict, "There is a schedule '\(schedule.id)' already: choose another id.", field: "id")
    }
    let planned = try ScheduleValidator(reading: book.reading).check(
      schedule, holidays: try HolidayCatalog.find(of: schedule, transaction),
      replacing: known?.definition, at: now)
    guard try StreamCatalog.find(schedule.stream, transaction) != nil else {
      throw Refusal(
        .invalid, "There is no stream '\(schedule.stream)': make it first.", field: "stream")
    }
    if known?.definition == schedule { return nil }
    try replan(planned, schedule, at: now, transaction)
    return nil
  }

  func remove(_ command: RemoveSchedule, _ transaction: Transaction) throws -> String? {
    let now = time.now()
    guard let known = try ScheduleCatalog.find(command.schedule, transaction) else {
      throw Refusal(.notFound, "There is no schedule '\(command.schedule)'.")
    }
    let result = try book.replan(
      nil, known.definition, horizon: horizon, at: now, transaction)
    try ScheduleCatalog.remove(command.schedule, transaction)
    try outbox.publish(
      ScheduleChanged(id: command.schedule, schedule: nil, next: []), in: transaction)
    signal(transaction) {
      $0.schedules.insert(command.schedule)
      $0.recorders.formUnion(result.holders)
      $0.needsDeadline = true
    }
    return nil
  }

  /// Stores a schedule, makes its planned recordings agree with it and says so.
  func replan(
    _ planned: PlannedSchedule, _ schedule: ScheduleDefinition, at now: Instant,
    _ transaction: Transaction
  ) throws {
    let result = try book.replan(planned, schedule, horizon: horizon, at: now, transaction)
    let stored = StoredSchedule(definition: schedule, plannedThrough: result.plannedThrough)
    try ScheduleCatalog.save(stored, at: now, transaction)
    try outbox.publish(book.change(of: schedule, at: now, transaction), in: transaction)
    signal(transaction) {
      $0.schedules.insert(schedule.id)
      $0.recorders.formUnion(result.holders)
      $0.needsAssignment = $0.needsAssignment || result.isWaiting
      $0.needsDeadline = true
    }
  }
}
