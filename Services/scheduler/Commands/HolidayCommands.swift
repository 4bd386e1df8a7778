internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Making, changing and forgetting holiday calendars. What is planned of the schedules that name one
/// is brought in line in the same transaction.
extension CommandDesk {
  private static let mostDates = 1000

  func put(_ command: PutHolidays, _ transaction: Transaction) throws -> String? {
    let holidays = command.holidays
    let now = time.now()
    try TextRule.checkName(holidays.name, field: "name")
    guard holidays.dates.count <= Self.mostDates else {
      throw Refusal(
        .invalid, "A calendar takes at most \(Self.mostDates) dates.", field: "dates")
    }
    for text in holidays.dates where CalendarDate(text) == nil {
      throw Refusal(
        .invalid,
        "'\(text.prefix(20))' is not a date: write it as 2026-12-24, or 12-24 for every year.",
        field: "dates")
    }
    if try HolidayCatalog.find(holidays.id, transaction) == holidays { return nil }
    try HolidayCatalog.save(holidays, at: now, transaction)
    try outbox.publish(
      HolidaysChanged(id: holidays.id, holidays: holidays), in: transaction)
    for stored in try users(of: holidays.id, transaction) {
      // What cannot be read for another reason is left as it is planned.
      guard let planned = try? book.reading.planned(stored.definition, holidays: holidays) else {
        continue
      }
      try replan(planned, stored.definition, at: now, transaction)
    }
    return nil
  }

  func remove(_ command: RemoveHolidays, _ transaction: Transaction) throws -> String? {
    guard try HolidayCatalog.find(command.holidays, transaction) != nil else {
      throw Refusal(.notFound, "There is no holiday calendar '\(command.holidays)'.")
    }
    if let user = try users(of: command.holidays, transaction).first {
      throw Refusal(
        .conflict,
        "The schedule '\(user.definition.name)' names this calendar: change the schedule first.")
    }
    try HolidayCatalog.remove(command.holidays, transaction)
    try outbox.publish(HolidaysChanged(id: command.holidays, holidays: nil), in: transaction)
    return nil
  }

  private func users(
    of id: HolidaysID, _ transaction: Transaction
  ) throws -> [StoredSchedule] {
    try ScheduleCatalog.all(transaction).filter { $0.definition.exceptHolidays == id }
  }
}
