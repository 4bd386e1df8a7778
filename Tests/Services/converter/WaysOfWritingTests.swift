import Base
import Glibc
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_converter

/// Every way in which a PVR or a person may write a file into the folder, by the real programs, slowed
/// down: none may be taken before it is finished.
@Suite("A drop is never taken early")
struct WaysOfWritingTests {
  struct Way: Sendable, CustomTestStringConvertible {
    let name: String
    /// `$1`: the recording, `$2`: the drop, `$3`: an earlier recording, `$4`: strace.
    let script: String
    var testDescription: String { name }
  }

  /// Each takes longer than the grace period of a second.
  static let ways = [
    Way(
      name: "cp, an eighth of a megabyte at a time",
      script: """
        "$4" -qq -o /dev/null -e trace=write,copy_file_range -e inject=copy_file_range:error=EXDEV \
          -e inject=write:delay_exit=120000 cp "$1" "$2"
        """),
    Way(
      name: "mv from another file system",
      script: """
        other=$(mktemp -d -p /dev/shm al-XXXXXX); trap 'rm -rf "$other"' EXIT
        cp "$1" "$other/x.ts"
        [ "$(stat -c %d "$other")" != "$(stat -c %d "$(dirname "$2")")" ]
        "$4" -qq -o /dev/null -e trace=write -e inject=write:delay_exit=120000 mv "$other/x.ts" "$2"
        """),
    Way(name: "rsync", script: "rsync -t --bwlimit=1000 \"$1\" \"$2\""),
    Way(
      name: "rsync into the file itself",
      script: "rsync --inplace --whole-file --bwlimit=1000 \"$1\" \"$2\""),
    Way(
      name: "dd with pauses longer than the grace period",
      script: """
        {
          dd if="$1" bs=64k count=20 status=none; sleep 1.6
          dd if="$1" bs=64k skip=20 count=20 status=none; sleep 1.6
          dd if="$1" bs=64k skip=40 status=none
        } > "$2"
        """),
    Way(
      name: "FFmpeg recording live",
      script: "ffmpeg -nostdin -v error -re -i \"$1\" -c copy -f mpegts \"$2\""),
    Way(
      name: "truncate and rewrite",
      script: """
        cp "$3" "$2"; sleep 0.6; : > "$2"; sleep 0.6
        { dd if="$1" bs=64k count=25 status=none; sleep 1.6; dd if="$1" bs=64k skip=25 status=none; } >> "$2"
        """),
  ]

  @Test("however it is written", .timeLimit(.minutes(8)), arguments: ways)
  func way(_ way: Way) async throws {
    let sample = try await Samples.shared.transportStream(seconds: 4)
    let earlier = try await Samples.shared.transportStream(seconds: 2)
    try requires(.rsync)
    let bench = try ConverterBench()
    try await bench.shell(way.script, sample, "\(bench.drops)/show.ts", earlier, requires(.strace))
    let conversion = try await bench.drop("show.ts", in: [.converted, .failed])

    // Whatever happened to the file last, its data, its name or its times, came before it was taken.
    let finished = try lastChange("\(bench.drops)/show.ts")
    let history = try await bench.history("show.ts")
    let early = history.filter { $0.state != .growing && $0.updatedAt <= finished }
    #expect(early.isEmpty, "finished at \(finished), \(early)")
    #expect(
      try await bench.states("show.ts") == [.growing, .queued, .converting, .verifying, .converted])
    #expect(conversion.attempts == 1)
    #expect(Set(history.map(\.id)).count == 1)

    // What was converted is the writer's finished file, to its end; and it was only read.
    let log = bench.log(of: conversion)
    let size = try DurableFile.read("\(bench.drops)/show.ts").count
    #expect(log.contains("\(bench.drops)/show.ts, \(size) bytes"), "\(log)")
    if !way.name.contains("live") {
      #expect(
        try SHA256.hash(fileAt: "\(bench.drops)/show.ts").hexadecimal
          == SHA256.hash(fileAt: sample).hexadecimal)
    }
    let file = try #require(conversion.file)
    #expect(abs(Double(file.durationUs) / 1e6 - 4) < 0.3)
    #expect(bench.made == ["show.mp4"])
    #expect(TemporaryFolder.names(in: bench.drops) == ["show.ts"])
    try await bench.stop()
  }

  private func lastChange(_ path: String) throws -> Instant {
    var status = stat()
    try Syscall.check("stat", path) { stat(path, &status) }
    return Instant(
      microseconds: Int64(status.st_ctim.tv_sec) * 1_000_000 + Int64(status.st_ctim.tv_nsec) / 1000)
  }
}
