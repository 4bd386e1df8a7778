import Base
import Glibc
import TestSupport
import Testing

@testable import airloom

@Suite("What a person sees")
struct DisplayTests {
  @Test(
    "spans are rounded to what matters",
    arguments: [
      (Int64(6), "6 s"), (66, "1 min 6 s"), (3_666, "1 h 1 min"), (90_000, "1 d 1 h"),
    ])
  func spans(seconds: Int64, text: String) {
    #expect(StatusTable.span(seconds: seconds) == text)
  }

  @Test("sizes have a unit")
  func sizes() {
    #expect(StatusTable.size(bytes: 5 << 20) == "5120 KiB")
    #expect(StatusTable.size(bytes: 17 << 20) == "17 MiB")
  }

  @Test("columns line up")
  func table() {
    let text = StatusTable.text([
      ["recorder-1", "running", "ok", "12", "6 s", "17 MiB", "127.0.0.1:8668"],
      ["gateway", "not running", "", "", "", "", ""],
    ])
    #expect(
      text == """
        node        state        health  pid  up   memory  http
        recorder-1  running      ok      12   6 s  17 MiB  127.0.0.1:8668
        gateway     not running

        """)
  }

  @Test(
    "the address is one that a browser here can open",
    arguments: [
      ("127.0.0.1:8666", "http://localhost:8666"), ("0.0.0.0:80", "http://localhost:80"),
      ("[::]:80", "http://localhost:80"), ("10.1.2.3:80", "http://10.1.2.3:80"),
    ])
  func address(http: String, url: String) {
    #expect(Greeting.address(http) == url)
  }

  @Test(
    "relative paths mean the current folder",
    arguments: [
      ("/a", "/w", "/a"), ("a", "/w", "/w/a"), ("./a", "/w", "/w/a"), (".", "/w", "/w"),
      ("a", "/", "/a"),
    ])
  func paths(path: String, folder: String, absolute: String) {
    #expect(Place.absolute(path, from: folder) == absolute)
  }

  @Test("a reader that stands still costs lines, never time")
  func stuckReader() async throws {
    let (reader, writer) = try Self.pipeEnds()
    let printer = LogPrinter(descriptor: writer, hasColours: false, names: ["recorder", "up"])
    let line = String(repeating: "x", count: 100)
    // Far more than the pipe and the queue hold; returns all the same.
    for _ in 0..<(3 * LogPrinter.limit) { printer.print(line, of: "up", colour: 0) }
    let text = await Task.detached { Self.readAll(reader, until: "lines were dropped") }.value
    #expect(text.hasPrefix("up       | xxx"))
    #expect(text.contains("lines were dropped because nobody read them)"))
  }

  @Test("services and levels are told apart by colour where there are colours")
  func colours() async throws {
    let (reader, writer) = try Self.pipeEnds()
    let printer = LogPrinter(descriptor: writer, hasColours: true, names: ["up"])
    printer.print("2026-11-21T00:00:00Z error lost", of: "up", colour: 0)
    printer.print("end")
    let text = await Task.detached { Self.readAll(reader, until: "end") }.value
    #expect(
      text.hasPrefix(
        "\u{1B}[32mup\u{1B}[0m | \u{1B}[31m2026-11-21T00:00:00Z error lost\u{1B}[0m\n"))
  }

  private static func pipeEnds() throws -> (reader: Int32, writer: Int32) {
    var ends: [Int32] = [0, 0]
    try Syscall.check("pipe") { pipe(&ends) }
    return (ends[0], ends[1])
  }

  private static func readAll(_ descriptor: Int32, until mark: String) -> String {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while !text.suffix(200).contains(mark) {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return text }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
    return text
  }
}
