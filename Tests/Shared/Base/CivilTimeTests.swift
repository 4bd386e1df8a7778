import Base
import Testing

@Suite struct CivilTimeTests {
  @Test("Every day of 400 years agrees with counting days on the fingers")
  func fourHundredYears() {
    var year = 1850
    var month = 1
    var day = 1
    // 1850-01-01 was a Tuesday, 43,829 days before 1970-01-01.
    var days: Int64 = -43_829
    var weekday = 2
    var wrong = 0
    while year < 2250 {
      let made = CivilTime(secondsSinceEpoch: days * 86_400 + 3_661)
      let expected = CivilTime(
        year: year, month: month, day: day, hour: 1, minute: 1, second: 1)
      if made != expected || expected.daysSinceEpoch != days || made.weekday != weekday
        || made.secondsSinceEpoch != days * 86_400 + 3_661
      {
        wrong += 1
      }
      days += 1
      weekday = (weekday + 1) % 7
      day += 1
      let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      if day > lengths[month - 1] { (day, month) = (1, month + 1) }
      if month > 12 { (month, year) = (1, year + 1) }
    }
    #expect(wrong == 0)
    #expect(days == 102_268)
  }

  @Test(
    "Leap years and lengths of months",
    arguments: [
      (1900, false, 28), (2000, true, 29), (2023, false, 28), (2024, true, 29), (2100, false, 28),
      (2400, true, 29),
    ])
  func leapYears(year: Int, isLeap: Bool, february: Int) {
    #expect(CivilTime.isLeap(year) == isLeap)
    #expect(CivilTime.daysInMonth(year: year, month: 2) == february)
    #expect(CivilTime.daysInMonth(year: year, month: 12) == 31)
    #expect(CivilTime.daysInMonth(year: year, month: 9) == 30)
  }

  @Test("The last second before the epoch belongs to 1969")
  func beforeEpoch() {
    #expect(
      CivilTime(secondsSinceEpoch: -1)
        == CivilTime(year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59))
  }
}
