import Base
import FoundationEssentials
import Testing

/// RFC 3339 text both ways.
@Suite struct InstantTests {
  @Test(
    "An instant is written with six digits, and read back",
    arguments: [
      (Int64(0), "1970-01-01T00:00:00.000000Z"),
      (1_795_287_600_250_000, "2026-11-21T19:00:00.250000Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
      (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
      (-1, "1969-12-31T23:59:59.999999Z"),
      (-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
      (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ])
  func bothWays(microseconds: Int64, text: String) {
    #expect(Instant(microseconds: microseconds).description == text)
    #expect(Instant(text)?.microseconds == microseconds)
  }

  @Test(
    "Odd but lawful forms are read",
    arguments: [
      ("2026-11-21t19:00:00z", "2026-11-21T19:00:00.000000Z"),
      ("2026-11-21 19:00:00Z", "2026-11-21T19:00:00.000000Z"),
      ("2026-11-21T20:30:00+01:30", "2026-11-21T19:00:00.000000Z"),
      ("2026-11-21T12:00:00-07:00", "2026-11-21T19:00:00.000000Z"),
      ("2026-11-21T19:00:00-00:00", "2026-11-21T19:00:00.000000Z"),
      ("2026-11-21T19:00:00.5Z", "2026-11-21T19:00:00.500000Z"),
      ("2026-11-21T19:00:00.123456789Z", "2026-11-21T19:00:00.123456Z"),
      ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000000Z"),
      ("2024-02-29T23:00:00-02:00", "2024-03-01T01:00:00.000000Z"),
    ])
  func oddForms(text: String, canonical: String) {
    #expect(Instant(text)?.description == canonical)
  }

  @Test(
    "What is no time is refused",
    arguments: [
      "", "now", "2026-11-21", "2026-11-21T19:00:00", "2026-11-21T19:00Z",
      "2026-11-21T19:00:00.Z", "2026-11-21T24:00:00Z", "2026-11-21T19:60:00Z",
      "2026-11-21T19:00:61Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
      "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
      "2026-11-00T00:00:00Z", "2026-11-21T19:00:00+1:00", "2026-11-21T19:00:00+24:00",
      "2026-11-21T19:00:00+01:60", "2026-11-21T19:00:00Z ", " 2026-11-21T19:00:00Z",
      "+2026-11-21T19:00:00Z", "26-11-21T19:00:00Z", "2026-1-21T19:00:00Z",
      "２０２６-11-21T19:00:00Z", "2026-11-21T19:00:00ZZ", "2026-11-21T-1:00:00Z",
    ])
  func refused(text: String) {
    #expect(Instant(text) == nil)
  }

  @Test("A time that an offset moves past the year 9999 is refused, not written unreadably")
  func outsideFourDigits() throws {
    #expect(Instant("9999-12-31T23:59:59-00:01") == nil)
    #expect(Instant("0000-01-01T00:00:00+00:01") == nil)
    #expect(throws: EncodingError.self) { try JSONEncoder().encode([Instant.distantFuture]) }
  }

  @Test("JSON carries the text, and refuses what is none")
  func json() throws {
    let instant = Instant(microseconds: 1_795_287_600_250_000)
    let data = try JSONEncoder().encode([instant])
    #expect(String(decoding: data, as: UTF8.self) == #"["2026-11-21T19:00:00.250000Z"]"#)
    #expect(try JSONDecoder().decode([Instant].self, from: data) == [instant])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Instant].self, from: Data(#"["soon"]"#.utf8))
    }
  }

  @Test("A thousand random instants come back as they went")
  func roundTrip() {
    var generator = SplitMix64(seed: 1)
    for _ in 0..<1000 {
      let range = Int64(-62_167_219_200_000_000)...253_402_300_799_999_999
      let instant = Instant(microseconds: Int64.random(in: range, using: &generator))
      #expect(Instant(instant.description) == instant)
    }
  }

  @Test("Seconds round towards the past, also before 1970")
  func wholeSeconds() {
    #expect(Instant(microseconds: -1).seconds == -1)
    #expect(Instant(microseconds: -1).microsecondsOfSecond == 999_999)
    #expect(Instant(microseconds: -1_000_000).seconds == -1)
    #expect(Instant(microseconds: 1_999_999).seconds == 1)
  }

  @Test("Text in the order of time sorts as time does")
  func textSorts() {
    let instants = [-5_000_000_000, -1, 0, 1, 999_999, 1_000_000, 1_795_287_600_250_000]
      .map { Instant(microseconds: $0) }
    #expect(instants.map(\.description) == instants.map(\.description).sorted())
  }
}
