import Base
import FoundationEssentials
import HTTPClient
import Messages
import TestSupport
import Testing

@testable import airloom_gateway

/// What streams announced, of one recorder and of several.
@Suite(.timeLimit(.minutes(5)))
struct AsRunTests {
  static let zero = Instant(seconds: 1_800_000_000)

  static func titles(_ list: [(Int, String)]) -> [AsRunTitles.Title] {
    list.map { AsRunTitles.Title(atUs: (zero + .seconds($0.0)).microseconds, title: $0.1) }
  }

  static func merged(_ answers: [[(Int, String)]]) -> [String] {
    AsRunTitles(answers.map(titles), from: zero, to: zero + .seconds(1000)).entries.map { entry in
      let until = entry.until.map { "\(($0 - zero).inSeconds)" } ?? ""
      return "\((entry.at - zero).inSeconds)-\(until) \(entry.title)"
    }
  }

  @Test func `Titles last until the next one or until nothing is said`() {
    #expect(
      Self.merged([[(-50, "Zero"), (100, "One"), (200, ""), (300, "Two"), (1200, "Later")]])
        == ["0.0-100.0 Zero", "100.0-200.0 One", "300.0-1200.0 Two"])
    #expect(Self.merged([[(0, "One")], []]) == ["0.0- One"])
    #expect(Self.merged([]).isEmpty)
    #expect(Self.merged([[(0, "One"), (9, ""), (10, "One"), (20, "")]]) == ["0.0-20.0 One"])
  }

  @Test func `What two recorders heard is said once, and what only one heard too`() {
    #expect(
      Self.merged([
        [(0, "One"), (100, "Two"), (200, "Three"), (300, "")],
        [(2, "One"), (103, "Two"), (199, ""), (500, "Five"), (600, "")],
      ]) == ["0.0-100.0 One", "100.0-200.0 Two", "200.0-300.0 Three", "500.0-600.0 Five"])
  }

  @Test func `A table holds what a spreadsheet may not take for a formula`() {
    let entries = [
      AsRunTitles.Entry(at: Self.zero, until: nil, title: "A \"b\", c"),
      AsRunTitles.Entry(at: Self.zero, until: Self.zero, title: "=1+1"),
    ]
    #expect(
      AsRunTitles.table(entries) == "at,until,title\r\n\(Self.zero),,\"A \"\"b\"\", c\"\r\n"
        + "\(Self.zero),\(Self.zero),\"'=1+1\"\r\n")
  }

  @Test func `The log of a stream is asked for over HTTP, as JSON and as a table`() async throws {
    let bench = try await StreamingBench.start()
    let start = StreamingTests.past
    bench.recorder.record(NumberedFrames(), as: "radio", from: start, segments: 3)
    bench.recorder.add(
      titles: [(start, "Artist - One"), (start + .seconds(5), "Two")], to: "radio")
    let span = "from=\(start)&to=\(start + .seconds(60))"
    let response = try await bench.get("/api/v1/streams/radio/titles?\(span)")
    #expect(response.status == 200, "\(response.text)")
    #expect(
      response.text.contains(
        "{\"at\":\"\(start)\",\"title\":\"Artist - One\",\"until\":\"\(start + .seconds(5))\"}"),
      "\(response.text)")
    let table = try await bench.get("/api/v1/streams/radio/titles?\(span)&format=csv")
    #expect(table.headers["Content-Type"]?.hasPrefix("text/csv") ?? false)
    #expect(table.text.split(whereSeparator: \.isNewline).count == 3)
    let none = try await bench.get("/api/v1/streams/none/titles?\(span)")
    #expect(none.status == 200 && none.text.contains("\"titles\":[]"))
    for wrong in ["from=x", "from=\(start)&to=\(start)", "format=xml"] {
      #expect(try await bench.get("/api/v1/streams/radio/titles?\(wrong)").status == 422)
    }
    await bench.stop()
  }
}
