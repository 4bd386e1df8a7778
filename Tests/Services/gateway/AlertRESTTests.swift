import Base
import HTTPClient
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("Alerts and dead letters over REST", .timeLimit(.minutes(10)))
struct AlertRESTTests {
  @Test func `alerts are open or past, and their mails can be tried again`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    #expect(try await browser.send("GET", "/api/v1/mail").text == #"{"recipients":[]}"#)
    try await gateway.hear { model, transaction in
      try model.apply(
        MailerChanged(recipients: ["ops@example.org"], fault: "It is shut."), transaction)
      for number in 0..<4 {
        try model.apply(
          .sample("a\(number)", raised: number, isOver: number < 2, number == 3 ? .dead : .sent),
          transaction)
      }
    }
    func ids(_ query: String) async throws -> [String] {
      try await browser.send("GET", "/api/v1/alerts?\(query)").text
        .matches(of: /"id":"(a\d)"/).map { String($0.1) }
    }
    #expect(try await ids("") == ["a3", "a2", "a1", "a0"])
    #expect(try await ids("state=open") == ["a3", "a2"])
    #expect(try await ids("state=past&limit=1") == ["a1"])
    #expect(try await browser.send("GET", "/api/v1/alerts?state=other").status == 422)
    #expect(try await browser.send("GET", "/api/v1/mail").text.contains("It is shut."))
    let status = try await browser.send("GET", "/api/v1/status").text
    #expect(status.contains(#""alerts":{"open":2,"unmailed":1}"#))
    _ = try await browser.send("POST", "/api/v1/alerts/a3/retry")
    #expect(try await gateway.newest(to: "delivery")?.type == "alert.retry")
    _ = try await browser.send("POST", "/api/v1/alerts/a3/dismiss")
    #expect(try await gateway.newest(to: "delivery")?.type == "alert.dismiss")
    _ = try await browser.send("POST", "/api/v1/mail/test")
    #expect(try await gateway.newest(to: "delivery")?.type == "mail.test")
    #expect(try await browser.send("POST", "/api/v1/alerts/none/retry").status == 404)
    try await gateway.hear {
      try $0.apply(AlertChanged(id: AlertID(unchecked: "a3"), alert: nil), $1)
    }
    #expect(try await ids("state=open") == ["a2"])
    await gateway.stop()
  }

  @Test func `dead deliveries are found, and all of one place tried again at once`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      for number in 0..<6 {
        try model.apply(
          .sample(
            "d\(number)", to: number % 2 == 0 ? "even" : "odd", number < 4 ? .dead : .delivered,
            origin: number == 0 ? .episode : nil), transaction)
      }
    }
    func ids(_ query: String) async throws -> Set<String> {
      Set(
        try await browser.send("GET", "/api/v1/deliveries?\(query)").text
          .matches(of: /"id":"(d\d)"/).map { String($0.1) })
    }
    #expect(try await ids("state=dead") == ["d0", "d1", "d2", "d3"])
    #expect(try await ids("state=dead&destination=odd") == ["d1", "d3"])
    #expect(try await ids("origin=episode") == ["d0"])
    #expect(try await ids("origin=recording").count == 5)
    #expect(try await browser.send("GET", "/api/v1/deliveries?origin=other").status == 422)
    let retried = try await browser.send(
      "POST", "/api/v1/deliveries/retry", #"{"state":"dead","destination":"odd"}"#)
    #expect(retried.status == 200 && retried.text.contains(#""retried":2"#))
    let asked = try await gateway.database.read { transaction in
      try transaction.all("SELECT body FROM bus_log WHERE channel = 'delivery'") {
        (row: borrowing Row) throws(StorageError) in
        String(decoding: try row.blob(0), as: UTF8.self)
      }
    }
    #expect(asked.count == 2 && Set(asked.joined().matches(of: /d\d/).map(\.0)) == ["d1", "d3"])
    for body in [#"{"state":"delivered"}"#, #"{"state":"nonsense"}"#, "{}"] {
      #expect(try await browser.send("POST", "/api/v1/deliveries/retry", body).status == 422)
    }
    await gateway.stop()
  }

  @Test func `deliveries that an earlier version stored are found by their destination`()
    async throws
  {
    let folder = try TemporaryFolder()
    let path = folder("gateway.sqlite")
    let (name, migrations) = GatewaySchema.schema
    let delivery = DeliveryChanged.sample("d1", to: "archive", .dead).delivery
    let body = try StoredJSON.encode(delivery)
    do {
      let earlier = try Database(path: path, schemas: [(name, Array(migrations.prefix(2)))])
      _ = try await earlier.write { transaction in
        try transaction.execute(
          """
          INSERT INTO deliveries (id, recording, state, updated_at_us, body)
          VALUES ('d1', 'r1', 'dead', 0, ?)
          """, body)
      }
    }
    let database = try Database(path: path, schemas: GatewayService.schemas)
    let found = try await database.read {
      try DeliveryCatalog.deliveries(
        DeliveryCatalog.Filter(
          origin: .recording, destination: DestinationID(unchecked: "archive"), limit: 10), $0)
    }
    #expect(found == [delivery])
  }
}

extension AlertChanged {
  static func sample(
    _ id: String, raised: Int, isOver: Bool, _ mail: AlertMailState
  ) -> AlertChanged {
    let time = Instant(seconds: Int64(raised))
    let id = AlertID(unchecked: id)
    return AlertChanged(
      id: id,
      alert: Alert(
        id: id, severity: .critical, subject: "Down", text: "It is down.",
        node: NodeID(unchecked: "scheduler"), raisedAt: time, endedAt: isOver ? time : nil,
        mail: mail, updatedAt: time))
  }
}

extension DeliveryChanged {
  static func sample(
    _ id: String, to destination: String, _ state: DeliveryState, origin: DeliveryOrigin? = nil
  ) -> DeliveryChanged {
    DeliveryChanged(
      delivery: Delivery(
        id: DeliveryID(unchecked: id), recording: JobID(unchecked: "r1"), origin: origin,
        destination: DestinationID(unchecked: destination), state: state, fileName: "f.mp3",
        bytes: 1, updatedAt: .epoch))
  }
}
