import Base
import HTTPClient
import HTTPServer
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("The REST interface", .timeLimit(.minutes(10)))
struct RESTTests {
  private static let stream = StreamDefinition(
    id: StreamID(unchecked: "radio-one"), name: "Radio One",
    urls: ["http://anna:s3cret@radio.example/live?key=t0ken"], headers: ["X-Key": "hush"])

  @Test func `a new stream is a command to the scheduler, and its outcome the answer`()
    async throws
  {
    let gateway = try await TestGateway(adjust: { $0.commandPatience = .seconds(20) })
    let browser = try await gateway.browser()
    async let response = browser.send(
      "POST", "/api/v1/streams", #"{"name":"Rádio Größe 1","urls":["http://radio.example/live"]}"#)
    let asked = try await gateway.answer(to: "scheduler")
    #expect(asked.type == "stream.put")
    #expect(asked.body.contains(#""id":"radio-groesse-1""#))
    #expect(asked.body.contains(#""mustBeNew":true"#))
    let answer = try await response
    #expect(answer.status == 201)
    #expect(answer.headers["Location"] == "/api/v1/streams/radio-groesse-1")
    await gateway.stop()
  }

  @Test(arguments: [
    (CommandOutcome.Refusal.invalid, 422), (.conflict, 409), (.notFound, 404), (.failed, 422),
  ])
  func `a refusal is told with its field and its sentence`(
    refusal: CommandOutcome.Refusal, status: Int
  ) async throws {
    let gateway = try await TestGateway(adjust: { $0.commandPatience = .seconds(20) })
    let browser = try await gateway.browser()
    async let response = browser.send(
      "POST", "/api/v1/schedules",
      """
      {"name":"Show","stream":"s","durationSeconds":60,
       "rule":{"kind":"cron","expression":"x","zone":"UTC"}}
      """)
    _ = try await gateway.answer(
      to: "scheduler", refusal: refusal, field: "rule.expression", text: "No such minute.")
    let answer = try await response
    #expect(answer.status == status)
    #expect(answer.text.contains(#""field":"rule.expression""#))
    #expect(answer.text.contains(#""message":"No such minute.""#))
    await gateway.stop()
  }

  @Test func `a silent service leaves a command whose outcome can be asked for`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let answer = try await browser.send("DELETE", "/api/v1/streams/radio-one")
    #expect(answer.status == 202)
    let location = try #require(answer.headers["Location"])
    #expect(try await !browser.send("GET", location).text.contains("outcome"))
    _ = try await gateway.answer(to: "scheduler", refusal: .notFound, text: "There is none.")
    let later = try await browser.send("GET", location).text
    #expect(later.contains("There is none.") && later.contains("stream.remove radio-one"))
    await gateway.stop()
  }

  @Test(
    arguments: [
      (#"{"urls":[]}"#, 422, "name"), (#"{"name":1,"urls":[]}"#, 422, "name"),
      (#"{"name":"x","urls":["a",2]}"#, 422, "urls.1"),
      (#"{"name":"x","urls":[],"id":"No Such"}"#, 422, "id"), ("{", 400, nil), ("", 400, nil),
    ] as [(String, Int, String?)])
  func `a body that is not understood names the field`(
    body: String, status: Int, field: String?
  ) async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let answer = try await browser.send("POST", "/api/v1/streams", body)
    #expect(answer.status == status)
    if let field { #expect(answer.text.contains(#""field":"\#(field)""#), "\(answer.text)") }
    await gateway.stop()
  }

  @Test func `secrets of a stream are not shown, and survive being edited`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      try model.apply(StreamChanged(id: Self.stream.id, stream: Self.stream), transaction)
    }
    let shown = try await browser.send("GET", "/api/v1/streams/radio-one").text
    for secret in ["s3cret", "t0ken", "hush"] { #expect(!shown.contains(secret)) }
    #expect(shown.contains("radio.example/live"))
    // What was shown is sent back with another name.
    let edited = shown.replacing("Radio One", with: "Radio Two")
    _ = try await browser.send("PUT", "/api/v1/streams/radio-one", edited)
    let command = try #require(try await gateway.newest(to: "scheduler")?.body)
    for part in ["s3cret", "t0ken", "hush", "Radio Two"] { #expect(command.contains(part)) }
    await gateway.stop()
  }

  @Test func `a snapshot replaces what was known`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      try model.apply(StreamChanged(id: Self.stream.id, stream: Self.stream), transaction)
      try StreamCatalog.forget(transaction)
    }
    #expect(try await browser.send("GET", "/api/v1/streams").text == #"{"streams":[]}"#)
    await gateway.stop()
  }

  @Test func `recordings are listed by state, time and stream`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      for number in 0..<4 {
        let state: RecordingState = number < 2 ? .committed : .planned
        try model.apply(
          RecordingChanged(recording: .sample("r\(number)", hour: number, state)), transaction)
      }
    }
    func ids(_ query: String) async throws -> [String] {
      try await browser.send("GET", "/api/v1/recordings?\(query)").text
        .matches(of: /"id":"(r\d)"/).map { String($0.1) }
    }
    #expect(try await ids("") == ["r3", "r2", "r1", "r0"])
    #expect(try await ids("state=committed&order=oldest") == ["r0", "r1"])
    #expect(try await ids("limit=1") == ["r3"])
    #expect(try await ids("from=1970-01-01T01:00:00Z&before=1970-01-01T03:00:00Z") == ["r2", "r1"])
    #expect(try await ids("stream=other").isEmpty)
    #expect(try await browser.send("GET", "/api/v1/recordings?state=nonsense").status == 422)
    #expect(try await browser.send("GET", "/api/v1/recordings?limit=0").status == 422)
    #expect(try await browser.send("GET", "/api/v1/recordings?stream=No+Such").status == 422)
    #expect(try await browser.send("GET", "/api/v1/recordings?from=yesterday").status == 422)
    await gateway.stop()
  }

  @Test func `a recording's file is played in ranges and downloaded by its name`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let path = try gateway.folder.file("media/recordings/Größe.mp3", "0123456789")
    try gateway.folder.file("logs/recordings/r1.log", "all went well\n")
    let secret = try gateway.folder.file("secret", "secret")
    let media = gateway.folder.path + "/media"
    try await gateway.hear { model, transaction in
      for (id, path) in [
        ("r1", path), ("r2", secret), ("r3", media + "/../secret"), ("r4", media + "/none"),
      ] {
        try model.apply(
          RecordingChanged(recording: .sample(id, hour: 1, .committed, path: path)), transaction)
      }
    }
    let part = try await browser.send(
      "GET", "/api/v1/recordings/r1/file", headers: [("Range", "bytes=2-4")])
    #expect(part.status == 206 && part.text == "234")
    #expect(part.headers["Content-Type"] == "audio/mpeg")
    let whole = try await browser.send("GET", "/api/v1/recordings/r1/file?download=1")
    #expect(whole.text == "0123456789")
    #expect(
      whole.headers["Content-Disposition"]
        == "attachment; filename=\"Gr____e.mp3\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.mp3")
    #expect(try await browser.send("GET", "/api/v1/recordings/r1/log").text == "all went well\n")
    for id in ["r2", "r3", "r4", "r5"] {
      #expect(try await browser.send("GET", "/api/v1/recordings/\(id)/file").status == 404)
    }
    await gateway.stop()
  }

  @Test func `stopping and calling off are told apart`() async throws {
    let time = ManualTimeSource(now: Instant(seconds: 1_800_000_000))
    let gateway = try await TestGateway(time: time)
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      try model.apply(
        RecordingChanged(recording: .sample("r1", hour: 1, .recording)), transaction)
    }
    _ = try await browser.send("POST", "/api/v1/recordings/r1/end")
    let end = try #require(try await gateway.newest(to: "scheduler"))
    #expect(end.type == "recording.end" && end.body.contains("\(time.now())"))
    _ = try await browser.send("POST", "/api/v1/recordings/r1/cancel")
    #expect(try await gateway.newest(to: "scheduler")?.type == "recording.cancel")
    #expect(try await browser.send("POST", "/api/v1/recordings/none/cancel").status == 404)
    await gateway.stop()
  }

  @Test func `a destination shows its fault and the key that was found`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let id = DestinationID(unchecked: "archive")
    try await gateway.hear { model, transaction in
      try model.apply(DeliveryIdentity(publicKey: "ssh-ed25519 AAAA airloom"), transaction)
      try model.apply(
        DestinationChanged(
          id: id, destination: Destination(id: id, name: "A", host: "h", user: "u", folder: "f"),
          fault: "no key", foundHostKey: "SHA256:abc"), transaction)
    }
    let list = try await browser.send("GET", "/api/v1/destinations").text
    for part in ["ssh-ed25519 AAAA airloom", "no key", "SHA256:abc"] {
      #expect(list.contains(part))
    }
    _ = try await browser.send(
      "PUT", "/api/v1/destinations/archive",
      #"{"name":"A","host":"h","user":"u","folder":"f","hostKey":"SHA256:abc"}"#)
    let command = try #require(try await gateway.newest(to: "delivery"))
    #expect(command.type == "destination.put")
    #expect(command.body.contains(#""hostKey":"SHA256:abc""#))
    await gateway.stop()
  }

  @Test func `a page hears of changes as they are committed`() async throws {
    let gateway = try await TestGateway()
    let cookie = try await gateway.logIn()
    var request = HTTPRequest.endless(gateway.origin + "/api/v1/events")
    request.headers = ["Cookie": cookie]
    let events = try await gateway.client.stream(request)
    try await eventually("the page listens") {
      gateway.service.services.feed.hub.clientCount == 1
    }
    try await gateway.hear { model, transaction in
      try model.apply(StreamChanged(id: Self.stream.id, stream: Self.stream), transaction)
      try model.apply(StreamChanged(id: Self.stream.id, stream: nil), transaction)
    }
    var heard = ""
    while !heard.contains("removed") {
      guard let chunk = try await events.next() else { break }
      heard += String(decoding: chunk.bytes, as: UTF8.self)
    }
    #expect(heard.hasPrefix("retry: 2000\n\nevent: hello\n"))
    #expect(heard.contains("event: stream\ndata: {"))
    #expect(heard.contains(#"data: {"id":"radio-one","removed":true}"#))
    #expect(!heard.contains("s3cret"))
    await gateway.stop()
  }

  @Test func `a node that falls silent is shown as such`() async throws {
    let time = ManualTimeSource()
    let board = NodeBoard(feed: LiveFeed(), time: time)
    let heartbeat = Heartbeat(
      node: NodeID(unchecked: "recorder-1"), service: "recorder", version: "1", state: .running,
      startedAt: time.now(), progress: 0, residentBytes: 0)
    board.note(heartbeat, offset: .milliseconds(3))
    time.advance(by: .seconds(5))
    board.review()
    #expect(board.all.first?.isAlive == true)
    time.advance(by: .seconds(1))
    board.review()
    #expect(board.all.first?.isAlive == false)
    board.note(heartbeat, offset: .zero)
    #expect(board.all.first?.isAlive == true)
  }

  @Test(arguments: [
    ("Radio Eins (UKW)", "radio-eins-ukw"), ("  ÄÖÜß & Co. ", "aeoeuess-co"), ("日本", "unnamed"),
    ("Taken", "taken-2"), ("Čeština ž", "cestina-z"), ("", "unnamed"),
  ])
  func `an id is made from a name`(name: String, id: String) {
    let made: StreamID = Slug.make(from: name, taken: [StreamID(unchecked: "taken")])
    #expect(made.text == id)
  }
}

extension Recording {
  static func sample(
    _ id: String, hour: Int, _ state: RecordingState, path: String? = nil
  ) -> Recording {
    let start = Instant(seconds: Int64(hour) * 3600)
    let end = start + .seconds(1800)
    return Recording(
      id: JobID(unchecked: id), schedule: ScheduleID(unchecked: "s"),
      stream: StreamID(unchecked: "radio-one"), title: "Show", start: start, end: end,
      paddedStart: start, paddedEnd: end, state: state,
      file: path.map { path in
        FinishedFile(
          path: path, name: String(path.split(separator: "/").last ?? ""), bytes: 10, sha256: "",
          contentType: "audio/mpeg", durationUs: 1, gaps: [])
      }, updatedAt: start)
  }
}
