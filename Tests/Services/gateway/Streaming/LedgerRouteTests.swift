import Base
import FoundationEssentials
import HTTPClient
import Messages
import Service
import TestSupport
import Testing

@testable import airloom_gateway

/// The account of a stream over its recorders, as the timeline asks for it beyond two days.
@Suite("The ledger over REST", .timeLimit(.minutes(10)))
struct LedgerRouteTests {
  private struct Answer: Decodable, Equatable {
    struct Span: Decodable, Equatable {
      var start: Instant
      var end: Instant
      var kind: String
      var cause: String?
      var detail: String?
    }

    var from: Instant
    var to: Instant
    var wantedUs: Int64
    var capturedUs: Int64
    var gapUs: Int64
    var spans: [Span]
    var problem: String?
  }

  private static let start = Instant(seconds: 1_700_000_000)
  private static func at(_ second: Int) -> Instant { start + .seconds(second) }

  /// What a recorder says; its own tests hold it to the same file.
  private static func golden() throws -> [UInt8] {
    let folder = (0..<3).reduce(#filePath) { path, _ in DurableFile.folder(of: path) }
    return try DurableFile.read(folder + "/Golden/tape-ledger.json")
  }

  private static func spans(_ closed: Answer.Span...) -> [Answer.Span] {
    [Answer.Span(start: start, end: closed.first?.start ?? start, kind: "captured")] + closed + [
      Answer.Span(start: at(40), end: at(55), kind: "captured"),
      Answer.Span(
        start: at(55), end: at(60), kind: "gap", cause: "recorder-down",
        detail: "The recorder was not running."),
    ]
  }

  private static func gap(_ from: Int, _ to: Int) -> Answer.Span {
    Answer.Span(
      start: at(from), end: at(to), kind: "gap", cause: "source-closed",
      detail: "The source closed the connection.")
  }

  private static func ask(_ bench: StreamingBench, _ query: String? = nil) async throws -> Answer {
    let query = query ?? "from=\(at(-60))&to=\(at(3600))"
    let response = try await bench.get("/api/v1/streams/radio/ledger?\(query)")
    try #require(response.status == 200, "\(response.text)")
    return try JSONDecoder().decode(Answer.self, from: Data(response.body))
  }

  @Test func `what a recorder accounts for is told as it says it`() async throws {
    let bench = try await StreamingBench.start()
    bench.recorder.tell(ledger: try Self.golden(), of: "radio")
    let answer = try await Self.ask(bench)
    #expect(
      answer
        == Answer(
          from: Self.at(-60), to: Self.at(3600), wantedUs: 60_000_000, capturedUs: 45_000_000,
          gapUs: 15_000_000, spans: Self.spans(Self.gap(30, 40)), problem: nil))
    let asked = "\(Self.at(-60).microseconds) \(Self.at(3600).microseconds)"
    #expect(bench.recorder.ledgerQueries(of: "radio") == [asked])
    await bench.stop()
  }

  @Test func `what one recorder has nobody lacks, and who does not answer is told of`()
    async throws
  {
    let bench = try await StreamingBench.start()
    bench.recorder.tell(ledger: try Self.golden(), of: "radio")
    let path = bench.gateway.service.services.settings.tapeTokenPath
    let token = try #require(await onOwnThread { try? TapeToken.load(path).authorization })
    let other = try FakeRecorder("recorder-2", token: token)
    bench.gateway.service.services.nodes.note(other.heartbeat, offset: .zero)
    // One that never wanted the stream changes nothing.
    #expect(try await Self.ask(bench).spans == Self.spans(Self.gap(30, 40)))
    let (from, to) = (Self.at(25).microseconds, Self.at(35).microseconds)
    let text =
      #"{"wanted_us":10000000,"captured_us":10000000,"gap_us":0,"spans":[{"start_us":"#
      + "\(from),\"end_us\":\(to),\"kind\":\"captured\"}]}"
    other.tell(ledger: Array(text.utf8), of: "radio")
    let both = try await Self.ask(bench)
    #expect(both.spans == Self.spans(Self.gap(35, 40)))
    #expect(both.wantedUs == 60_000_000 && both.capturedUs == 50_000_000)
    #expect(both.gapUs == 10_000_000 && both.problem == nil)
    await other.stop()
    let one = try await Self.ask(bench)
    #expect(one.spans == Self.spans(Self.gap(30, 40)))
    #expect(one.problem?.hasPrefix("Not every recorder answers now") == true)
    await bench.recorder.stop()
    let none = try await Self.ask(bench)
    #expect(none.spans.isEmpty && none.wantedUs == 0)
    #expect(none.problem?.hasPrefix("No recorder answers now") == true)
    await bench.stop()
  }

  @Test func `what is yet to come is not asked for, and a span that is none is refused`()
    async throws
  {
    let now = Self.at(45)
    let bench = try await StreamingBench.start(at: ManualTimeSource(now: now))
    bench.recorder.tell(ledger: try Self.golden(), of: "radio")
    // The last day, where nothing is asked for.
    _ = try await Self.ask(bench, "")
    let day = "\((now - .seconds(86_400)).microseconds) \(now.microseconds)"
    #expect(bench.recorder.ledgerQueries(of: "radio") == [day])
    _ = try await Self.ask(bench, "from=\(Self.start)&to=\(Self.at(600))")
    let rest = "\(Self.start.microseconds) \(now.microseconds)"
    #expect(bench.recorder.ledgerQueries(of: "radio") == [day, rest])
    for query in [
      "from=\(now)&to=\(now)", "from=\(Self.at(-93 * 86_400))&to=\(now)", "from=yesterday",
    ] {
      let answer = try await bench.get("/api/v1/streams/radio/ledger?\(query)")
      #expect(answer.status == 422, "\(query): \(answer.text)")
    }
    await bench.stop()
  }
}
