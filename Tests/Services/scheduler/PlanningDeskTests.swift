import Base
import FoundationEssentials
import HTTPServer
import Messages
import Service
import Storage
import TestSupport
import Testing

@testable import airloom_scheduler

@Suite struct PlanningDeskTests {
  private let bench: SchedulerBench
  private let desk: PlanningDesk
  private let token: TapeToken
  private let one = SchedulerBench.recorder1

  init() throws {
    bench = try SchedulerBench()
    let path = bench.folder("tape.token")
    token = try TapeToken.load(path)
    desk = PlanningDesk(
      reading: try bench.service.desk.book.reading, database: try bench.database,
      roster: try bench.service.roster, limit: nil, time: bench.time, tokenPath: path)
  }

  private func request(
    _ method: String, _ path: String, query: [(name: String, value: String)] = [],
    body: [UInt8] = [], isShown: Bool = true
  ) -> Request {
    Request(
      method: method, path: path, query: query,
      headers: isShown ? [("Authorization", token.authorization)] : [], body: body)
  }

  private func text(_ response: Response) -> String {
    guard case .bytes(let bytes) = response.body else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func aScheduleThatIsNotStoredIsPreviewed() async throws {
    var schedule = SchedulerBench.schedule("new", "30 2 * * *", zone: "Europe/Berlin")
    schedule.validFrom = Instant("2027-03-27T00:00:00Z")
    let response = try await desk.preview(
      request(
        "POST", "/schedules/preview", query: [("count", "2")],
        body: StoredJSON.bytes(schedule)))
    let json = text(response)
    #expect(json.contains(#""local":"Sat 2027-03-27 02:30:00 +01:00""#), "\(json)")
    #expect(json.contains(#""note":"02:30 is skipped that day"#))
    #expect(json.contains(#""remarks":[]"#))
  }

  @Test func whatCannotBeReadIsToldWithItsField() async throws {
    let schedule = SchedulerBench.schedule("new", "61 * * * *")
    let response = try await desk.preview(
      request("POST", "/schedules/preview", body: StoredJSON.bytes(schedule)))
    #expect(text(response).contains(#""field":"rule.expression""#))
    await #expect(throws: Problem.self) {
      try await desk.preview(request("POST", "/schedules/preview", body: [1, 2, 3]))
    }
  }

  @Test func nothingIsToldWithoutTheKey() async throws {
    await #expect(throws: Problem.self) {
      try await desk.conflicts(request("GET", "/conflicts", isShown: false))
    }
  }

  @Test func conflictsOfTheWeekAreForeseen() async throws {
    try await bench.heartbeat(one, captures: 1)
    for name in ["first", "second"] {
      let stream = StreamID(unchecked: name)
      try await bench.addStream(stream)
      var schedule = SchedulerBench.schedule(name, "0 20 * * *", stream: stream)
      schedule.name = name
      schedule.priority = name == "second" ? 1 : 0
      try await bench.put(schedule)
    }
    try await bench.step()
    let response = try await desk.conflicts(
      request("GET", "/conflicts", query: [("hours", "72")]))
    let json = text(response)
    // One a day, and always the one of the lower priority.
    #expect(json.split(separator: #""limit":1"#).count - 1 == 3, "\(json)")
    #expect(json.contains(#""title":"first""#) && !json.contains(#""title":"second""#))
  }
}
