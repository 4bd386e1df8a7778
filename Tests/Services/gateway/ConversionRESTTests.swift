import Base
import HTTPClient
import Messages
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("Conversions over REST", .timeLimit(.minutes(10)))
struct ConversionRESTTests {
  @Test func `drops are listed by state, in parts`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      for number in 0..<5 {
        let state: ConversionState = number < 3 ? .converted : .failed
        try model.apply(.sample("c\(number)", state, second: number), transaction)
      }
    }
    func ids(_ query: String) async throws -> [String] {
      try await browser.send("GET", "/api/v1/conversions?\(query)").text
        .matches(of: /"id":"(c\d)"/).map { String($0.1) }
    }
    #expect(try await ids("") == ["c4", "c3", "c2", "c1", "c0"])
    #expect(try await ids("state=converted") == ["c2", "c1", "c0"])
    #expect(try await ids("state=converted,failed&limit=2") == ["c4", "c3"])
    let first = try await browser.send("GET", "/api/v1/conversions?limit=2").text
    #expect(first.contains(#""counts":{"converted":3,"failed":2}"#))
    let next = try #require(first.firstMatch(of: /"next":"([0-9a-f]+)"/)?.1)
    #expect(try await ids("limit=2&after=\(next)") == ["c2", "c1"])
    #expect(try await !browser.send("GET", "/api/v1/conversions?limit=5").text.contains("next"))
    for query in ["state=nonsense", "after=zz", "after=00", "after=6330", "limit=0"] {
      #expect(try await browser.send("GET", "/api/v1/conversions?\(query)").status == 422)
    }
    await gateway.stop()
  }

  @Test func `the converted file is played in ranges, its captions and its log are read`()
    async throws
  {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    let film = try gateway.folder.file("media/converted/film.mp4", "0123456789")
    let captions = try gateway.folder.file(
      "media/converted/film.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    try gateway.folder.file("logs/conversions/c1.log", "all went well\n")
    let secret = try gateway.folder.file("secret", "secret")
    let outside = gateway.folder.path + "/media/../secret"
    try await gateway.hear { model, transaction in
      try model.apply(
        .sample("c1", .converted, path: film, captions: captions), transaction)
      try model.apply(.sample("c2", .converted, path: secret, captions: secret), transaction)
      try model.apply(.sample("c3", .converted, path: outside, captions: outside), transaction)
      try model.apply(.sample("c4", .growing), transaction)
    }
    let part = try await browser.send(
      "GET", "/api/v1/conversions/c1/media", headers: [("Range", "bytes=2-4")])
    #expect(part.status == 206 && part.text == "234")
    #expect(part.headers["Content-Type"] == "video/mp4")
    let read = try await browser.send("GET", "/api/v1/conversions/c1/captions")
    #expect(read.text.contains("Hello"))
    #expect(read.headers["Content-Disposition"]?.contains("film.srt") == true)
    #expect(try await browser.send("GET", "/api/v1/conversions/c1/log").text == "all went well\n")
    for id in ["c2", "c3", "c4", "c5"] {
      for what in ["media", "captions"] {
        let answer = try await browser.send("GET", "/api/v1/conversions/\(id)/\(what)")
        #expect(answer.status == 404 && !answer.text.contains("secret"), "\(id)/\(what)")
      }
    }
    await gateway.stop()
  }

  @Test func `retry and cancel are commands to the scheduler, which knows the converter`()
    async throws
  {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { try $0.apply(.sample("c1", .failed), $1) }
    _ = try await browser.send("POST", "/api/v1/conversions/c1/retry")
    #expect(try await gateway.newest(to: "scheduler")?.type == "conversion.retry")
    _ = try await browser.send("POST", "/api/v1/conversions/c1/cancel")
    let command = try #require(try await gateway.newest(to: "scheduler"))
    #expect(command.type == "conversion.cancel")
    #expect(command.body.contains(#""conversion":"c1""#))
    #expect(try await browser.send("POST", "/api/v1/conversions/none/retry").status == 404)
    await gateway.stop()
  }

  @Test func `a drop that is forgotten is gone, and a snapshot replaces all`() async throws {
    let gateway = try await TestGateway()
    let browser = try await gateway.browser()
    try await gateway.hear { model, transaction in
      try model.apply(.sample("c1", .failed), transaction)
      try model.apply(.sample("c2", .failed), transaction)
      try model.apply(ConversionChanged(id: JobID(unchecked: "c1"), conversion: nil), transaction)
    }
    #expect(try await browser.send("GET", "/api/v1/conversions/c1").status == 404)
    #expect(try await browser.send("GET", "/api/v1/conversions/c2").status == 200)
    try await gateway.hear { try ConversionCatalog.forget($1) }
    #expect(try await browser.send("GET", "/api/v1/conversions/c2").status == 404)
    await gateway.stop()
  }
}

extension ConversionChanged {
  static func sample(
    _ id: String, _ state: ConversionState, second: Int = 0, path: String? = nil,
    captions: String? = nil
  ) -> ConversionChanged {
    let time = Instant(seconds: Int64(second))
    let id = JobID(unchecked: id)
    return ConversionChanged(
      id: id,
      conversion: Conversion(
        id: id, node: NodeID(unchecked: "converter"), path: "/drops/film.ts", name: "film.ts",
        bytes: 100, state: state, file: path.map(FinishedFile.video),
        captions: captions.map { ConversionCaptions(tool: .ffmpeg, path: $0, cues: 1) },
        foundAt: time, updatedAt: time))
  }
}

extension FinishedFile {
  static func video(_ path: String) -> FinishedFile {
    FinishedFile(
      path: path, name: "film.mp4", bytes: 10, sha256: "", contentType: "video/mp4",
      durationUs: 1, gaps: [])
  }
}
