import Base
import FoundationEssentials
import Messages
import Testing

@Suite struct MessageValueTests {
  private func decode<Body: Decodable>(_ text: String, as type: Body.Type = Body.self) throws
    -> Body
  {
    try JSONDecoder().decode(Body.self, from: Data(text.utf8))
  }

  @Test(
    "A schedule's rule is read",
    arguments: [
      (
        #"{"kind":"cron","expression":"0 20 * * 6","zone":"Europe/Berlin","both":true}"#,
        ScheduleRule.cron(expression: "0 20 * * 6", zone: "Europe/Berlin", both: true)
      ),
      (
        #"{"kind":"cron","expression":"@daily","zone":"UTC"}"#,
        .cron(expression: "@daily", zone: "UTC", both: false)
      ),
      (#"{"kind":"once","start":"1970-01-01T00:00:01Z"}"#, .once(start: Instant(seconds: 1))),
      (
        #"{"kind":"once","start":"1970-01-01T02:00:01+02:00","zone":"ignored"}"#,
        .once(start: Instant(seconds: 1))
      ),
    ])
  func rule(text: String, rule: ScheduleRule) throws {
    #expect(try decode(text, as: ScheduleRule.self) == rule)
    let again = String(decoding: try JSONEncoder().encode(rule), as: UTF8.self)
    #expect(try decode(again, as: ScheduleRule.self) == rule)
  }

  @Test(
    "A rule that is none is refused",
    arguments: [
      "{}", #"{"kind":"weekly"}"#, #"{"kind":"cron","expression":"* * * * *"}"#,
      #"{"kind":"once"}"#, #"{"kind":"once","start":"tomorrow"}"#, #"{"kind":"once","start":1}"#,
      #"{"kind":"once","start":"9999-12-31T23:59:59-01:00"}"#, #""cron""#,
    ])
  func badRule(text: String) {
    #expect(throws: DecodingError.self) { try decode(text, as: ScheduleRule.self) }
  }

  private func plan(_ job: String, token: Int64 = 1) -> RecordingPlan {
    RecordingPlan(
      job: JobID(unchecked: job), token: token, stream: StreamID(unchecked: "radio"),
      start: Instant(seconds: 100), end: Instant(seconds: 200), paddedStart: Instant(seconds: 90),
      paddedEnd: Instant(seconds: 210), fileName: "a/b ü", format: .mp3,
      tags: RecordingTags(title: "t"), date: "2026-11-21")
  }

  private func stream(_ id: String) -> StreamDefinition {
    StreamDefinition(
      id: StreamID(unchecked: id), name: id, urls: ["http://\(id)/"],
      headers: ["A": "1", "B": "2", "C": "3", "D": "4"])
  }

  @Test("The digest of a desired set is the same for ever, in every order and at every version")
  func digest() throws {
    let set = DesiredSet(
      version: 1, streams: [stream("b"), stream("a")], recordings: [plan("2"), plan("1")])
    let turned = DesiredSet(
      version: 9, streams: [stream("a"), stream("b")], recordings: [plan("1"), plan("2")])
    #expect(set.digest == turned.digest)
    // Both sides of a rolling upgrade compute it: a change here makes every set be sent again.
    #expect(set.digest == "739e0ec18db25e758b87ef9ed7d466f0")
    #expect(
      DesiredSet(version: 1, streams: [], recordings: []).digest
        == "4867e7e186c459dc05dabf4ab1c33c2e")
    let carried = try JSONDecoder().decode(DesiredSet.self, from: JSONEncoder().encode(set))
    #expect(carried.digest == set.digest)
  }

  @Test("Whatever differs in a desired set differs in its digest")
  func digestDiffers() {
    let set = DesiredSet(version: 1, streams: [stream("a")], recordings: [plan("1")])
    var others = [set, set, set, set]
    others[0].recordings[0].token = 2
    others[1].streams[0].headers["A"] = "2"
    others[2].recordings = []
    others[3].recordings[0].tags.genre = "Talk"
    #expect(Set(others.map(\.digest) + [set.digest]).count == 5)
  }

  @Test("The loss of a file is the sum of its gaps")
  func loss() {
    let gaps = [(0, 2), (5, 6)].map { start, end in
      Gap(
        start: Instant(seconds: start), end: Instant(seconds: end), cause: .sourceClosed,
        detail: "")
    }
    let file = FinishedFile(
      path: "/a", name: "a", bytes: 1, sha256: "", contentType: "audio/mpeg", durationUs: 1,
      gaps: gaps)
    #expect(file.lossUs == 3_000_000)
  }

  @Test("A recording is over when it is committed, missed or cancelled")
  func finalStates() {
    #expect(RecordingState.allCases.filter(\.isFinal) == [.committed, .missed, .cancelled])
  }
}
