import Subprocess
import TestSupport
import Testing

@testable import Subprocess

@Suite("A child's output")
struct ChildOutputTests {
  @Test("comes line by line, whatever ends the lines")
  func lines() async throws {
    var command = shell(#"printf 'one\ntwo\r\nthree\rfour\n\nfive'; exit 0"#)
    command.output = .pipe()
    let child = try await ChildProcess.start(command)
    var lines: [String] = []
    for await line in try #require(child.output).lines { lines.append(line) }
    #expect(lines == ["one", "two", "three", "four", "", "five"])
  }

  @Test("is split the same however it is cut into chunks")
  func splitting() {
    let text = Array("a\r\nb\rc\n\n\r\nlonger than five\rd".utf8)
    let whole = split([text])
    #expect(whole == ["a", "b", "c", "", "", "longe", "r tha", "n fiv", "e", "d"])
    for cut in 1..<text.count {
      #expect(split([Array(text[..<cut]), Array(text[cut...])]) == whole, "cut at \(cut)")
    }
    #expect(split(text.map { [$0] }) == whole)
  }

  @Test("comes as bytes, all of them, while the child waits for a slow reader")
  func bytes() async throws {
    var command = ChildCommand("head", ["-c", "3000000", "/dev/zero"])
    command.output = .pipe(capacity: 1 << 16)
    let child = try await ChildProcess.start(command)
    // Nobody reads yet: the child cannot be finished.
    #expect(await child.exit(within: .milliseconds(50)) == nil)
    var count = 0
    for await chunk in try #require(child.output) { count += chunk.count }
    #expect(count == 3_000_000)
    #expect(await child.exit().isSuccess)
  }

  @Test("keeps its last bytes in a tail, and both streams in one where asked")
  func tails() async throws {
    var command = shell(
      "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; echo bad >&2")
    command.output = .tail(limit: 100)
    let child = try await ChildProcess.start(command)
    _ = await child.exit()
    let tail = String(decoding: child.outputTail, as: UTF8.self)
    #expect(tail.utf8.count == 100)
    #expect(tail.hasSuffix("line 4998\nline 4999\n"))
    #expect(child.errorText == "bad\n")

    command.errors = .sameAsOutput
    let both = try await ChildProcess.start(command)
    _ = await both.exit()
    #expect(String(decoding: both.outputTail, as: UTF8.self).hasSuffix("line 4999\nbad\n"))
  }

  @Test("ends for a reader whose task is cancelled")
  func cancellation() async throws {
    var command = ChildCommand("sleep", ["1000"])
    command.output = .pipe()
    let child = try await ChildProcess.start(command)
    let output = try #require(child.output)
    let reading = Task { await output.read() }
    try await Task.sleep(for: .milliseconds(5))
    reading.cancel()
    #expect(await reading.value == nil)
    #expect(child.ending == nil)
  }

  @Test("ends soon after the exit though a stranger holds the pipe")
  func stranger() async throws {
    var command = shell("setsid sleep 5 & echo here")
    command.output = .pipe()
    let child = try await ChildProcess.start(command)
    let text = await child.output?.collect(limit: 1000) ?? []
    #expect(String(decoding: text, as: UTF8.self) == "here\n")
  }

  @Test("answers input")
  func input() async throws {
    let big = [UInt8](repeating: 7, count: 1_000_000)
    let run = try await ChildProcess.run(
      ChildCommand("cat"), input: big, outputLimit: 2_000_000, timeout: .seconds(30))
    #expect(run.output == big)
    #expect(run.exit.isSuccess)
  }

  @Test("goes on without input that the child does not want")
  func closedInput() async throws {
    var command = shell("exec 0<&-; echo ready; sleep 1000")
    command.input = .pipe
    command.output = .pipe()
    let child = try await ChildProcess.start(command)
    _ = await child.output?.read()
    let input = try #require(child.input)
    let error = await #expect(throws: ChildError.self) {
      try await input.write([UInt8](repeating: 0, count: 1_000_000))
    }
    #expect(error?.kind == .inputClosed)
    await child.stop(.kill)
  }

  private func split(_ chunks: [[UInt8]]) -> [String] {
    var splitter = LineSplitter(longest: 5)
    var lines: [String] = []
    for chunk in chunks {
      splitter.append(chunk)
      while let line = splitter.next() { lines.append(line) }
    }
    splitter.finish()
    while let line = splitter.next() { lines.append(line) }
    return lines
  }
}
