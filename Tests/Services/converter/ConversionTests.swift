import Base
import Configuration
import Glibc
import Messages
import Subprocess
import Synchronization
import TestSupport
import Testing

@testable import airloom_converter

@Suite("A conversion from the drop to the file")
struct ConversionTests {
  @Test(
    "an interlaced broadcast with two languages becomes a progressive MP4 with both",
    .timeLimit(.minutes(8)))
  func interlaced() async throws {
    let sample = try await Samples.shared.transportStream(
      seconds: 3, isInterlaced: true, tracks: 2)
    let bench = try ConverterBench { settings, _ in
      settings.converter.destinations = ["nas"]
    }
    try await bench.put(sample, as: "Evening.ts")
    let conversion = try await bench.drop("Evening.ts", in: [.converted, .failed])
    let file = try #require(conversion.file, "\(conversion)")
    #expect(conversion.source == "mpeg2video 320×240, mp2 1 channel, mp2 1 channel")
    #expect(file.path == "\(bench.output)/Evening.mp4" && file.contentType == "video/mp4")
    #expect(try SHA256.hash(fileAt: file.path).hexadecimal == file.sha256)
    let made = try await facts(file.path)
    #expect(made.summary == "h264 320×240, aac 1 channel, aac 1 channel")
    #expect(abs(Double(made.durationUs ?? 0) / 1e6 - 3) < 0.3)
    let order = try await bench.shell(
      "ffprobe -v error -select_streams v -show_entries stream=field_order -of csv=p=0 \"$1\"",
      file.path)
    #expect(order.hasPrefix("progressive"), "\(order)")
    // The index stands in front: a player need not fetch the end first.
    let head = try DurableFile.read(file.path)
    #expect(
      try #require(head.firstRange(of: Array("moov".utf8))).lowerBound
        < (try #require(head.firstRange(of: Array("mdat".utf8))).lowerBound))
    // No captions is no fault.
    #expect(conversion.captions == ConversionCaptions(tool: .ffmpeg))
    let reports = try await bench.said(ConversionReported.self)
    #expect(reports.allSatisfy { $0.destinations.map(\.text) == ["nas"] })
    let progress = bench.progress.withLock { $0 }
    #expect(progress.last.map { $0.doneUs > 2_500_000 && $0.totalUs > 2_500_000 } == true)
    let log = bench.log(of: conversion)
    #expect(log.contains("nobody writes to it, by a read lease"))
    #expect(log.contains("runs: nice -n 10 ffmpeg -nostdin"))
    try await bench.stop()
  }

  @Test("folders in folders are watched, links and hidden ones are not", .timeLimit(.minutes(8)))
  func recursive() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench()
    try await bench.shell(
      """
      mkdir -p "$2/a/b" "$2/.hidden"
      cp "$1" "$2/.hidden/x.ts"; cp "$1" "$2/.y.ts"; ln -s "$1" "$2/z.ts"; ln -s / "$2/root"
      mkfifo "$2/pipe.ts"; : > "$2/empty.ts"; cp "$1" "$2/show.ts.part"
      : > "$2/locked.ts.lock"; cp "$1" "$2/locked.ts"
      cp "$1" "$2/a/b/deep.ts"; mkdir "$2/a/late"; cp "$1" "$2/a/late/deep.ts"
      """, sample, bench.drops)
    do {
      try await eventually("both are converted", within: .seconds(200)) {
        bench.made == ["deep (2).mp4", "deep.mp4"]
      }
    } catch {
      let said = try await bench.said(ConversionReported.self).map(\.conversion)
      throw TestFailure("\(error); made \(bench.made); \(said.map { ($0.path, $0.state) })")
    }
    let names = Set(try await bench.said(ConversionReported.self).map(\.conversion.name))
    #expect(names == ["deep.ts", "empty.ts", "locked.ts"])
    #expect(try await bench.history("empty.ts").last?.reason == "It is empty.")
    let locked = try await bench.history("locked.ts").last
    #expect(locked?.state == .growing)
    #expect(locked?.reason == "A lock file lies beside it: locked.ts.lock.")
    unlink("\(bench.drops)/locked.ts.lock")
    try await bench.drop("locked.ts", in: [.converted])
    try await bench.stop()
  }

  @Test(
    "what is known is not converted again, whatever happens to its name", .timeLimit(.minutes(8)))
  func known() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench()
    try await bench.put(sample, as: "show.ts")
    let first = try await bench.drop("show.ts", in: [.converted])
    try await bench.stop()
    try await bench.shell("mv \"$1/show.ts\" \"$1/renamed.ts\"", bench.drops)
    try bench.start()
    let renamed = try await bench.drop("renamed.ts", in: [.converted])
    #expect(renamed.id == first.id && renamed.file == first.file)
    #expect(bench.made == ["show.mp4"])
    // Rewritten, it is another drop.
    let other = try await Samples.shared.transportStream(seconds: 3)
    try await bench.shell("cat \"$1\" > \"$2/renamed.ts\"", other, bench.drops)
    try await eventually("it is converted as another", within: .seconds(200)) {
      bench.made == ["renamed.mp4", "show.mp4"]
    }
    #expect(try await bench.history("renamed.ts").last?.id != first.id)
    try await bench.stop()
  }

  @Test(
    "the drop goes where the settings say, once its file is there", .timeLimit(.minutes(8)),
    arguments: ["done", "/dev/shm"])
  func moved(place: String) async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let other = try place == "done" ? nil : TemporaryShm()
    let bench = try ConverterBench { settings, folder in
      settings.converter.after = .move
      settings.converter.doneFolder = other?.path ?? folder(place)
    }
    let done = bench.settings.converter.doneFolder
    try Syscall.makeFolders(done)
    try DurableFile.write([1], to: "\(done)/show.ts", mode: 0o644)
    try await bench.put(sample, as: "show.ts")
    try await eventually("it is moved", within: .seconds(200)) {
      TemporaryFolder.names(in: done) == ["show (2).ts", "show.ts"]
        && TemporaryFolder.names(in: bench.drops).isEmpty
    }
    #expect(
      try SHA256.hash(fileAt: "\(done)/show (2).ts").hexadecimal
        == SHA256.hash(fileAt: sample).hexadecimal)
    try await eventually("its new place is said", within: .seconds(200)) {
      try await bench.said(ConversionReported.self).last?.conversion.path == "\(done)/show (2).ts"
    }
    #expect(bench.made == ["show.mp4"])
    try await bench.stop()
  }

  @Test("paused, nothing new is begun; called off, nothing is made", .timeLimit(.minutes(8)))
  func pausedAndCalledOff() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench()
    try bench.service.signals.setPaused(true)
    try await bench.put(sample, as: "show.ts")
    let queued = try await bench.drop("show.ts", in: [.queued, .converting])
    #expect(queued.state == .queued)
    #expect(try await bench.command(RetryConversion(conversion: queued.id)).refusal == .conflict)
    #expect(try await bench.command(CancelConversion(conversion: queued.id)).refusal == nil)
    let off = try await bench.drop("show.ts", in: [.failed])
    #expect(off.isCancelled == true && off.reason == ConversionPolicy.calledOff)
    try bench.service.signals.setPaused(false)
    #expect(try await bench.command(CancelConversion(conversion: queued.id)).refusal == .conflict)
    #expect(try await bench.command(RetryConversion(conversion: queued.id)).refusal == nil)
    let again = try await bench.drop("show.ts", in: [.converted])
    #expect(again.id == queued.id && again.attempts == 1)
    // And once more, on purpose: both files are kept.
    #expect(try await bench.command(RetryConversion(conversion: queued.id)).refusal == nil)
    try await eventually("it is converted anew", within: .seconds(200)) {
      bench.made == ["show (2).mp4", "show.mp4"]
    }
    let unknown = RetryConversion(conversion: JobID(unchecked: "nobody"))
    #expect(try await bench.command(unknown).refusal == .notFound)
    try await bench.drop("show.ts", in: [.converted])
    unlink("\(bench.drops)/show.ts")
    #expect(try await bench.command(RetryConversion(conversion: queued.id)).refusal == .conflict)
    try await bench.stop()
  }

  @Test(
    "two converters do not take one folder, and a folder may go and come", .timeLimit(.minutes(8)))
  func claims() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench()
    try await eventually("it has the folder", within: .seconds(200)) {
      bench.faults.withLock { $0.folders } == []
    }
    let second = try ConverterBench { settings, _ in settings.converter.folders = [bench.drops] }
    try await eventually("the second says so", within: .seconds(200)) {
      second.faults.withLock { $0.folders }.first?.contains("watched by another converter") == true
    }
    try await bench.put(sample, as: "show.ts")
    try await bench.drop("show.ts", in: [.converted])
    #expect(try await second.said(ConversionReported.self).isEmpty)
    // The disk goes, and nothing is taken for gone.
    try await bench.shell("mv \"$1\" \"$1.away\"", bench.drops)
    try await eventually("it says so", within: .seconds(200)) {
      bench.faults.withLock { $0.folders }.first?.contains("cannot be watched") == true
    }
    try await bench.shell("mv \"$1.away\" \"$1\"; cp \"$2\" \"$1/late.ts\"", bench.drops, sample)
    try await bench.drop("late.ts", in: [.converted])
    #expect(try await bench.history("show.ts").last?.state == .converted)
    #expect(bench.made == ["late.mp4", "show.mp4"])
    try await second.stop()
    try await bench.stop()
  }

  @Test(
    "without room no conversion begins, and with room it does", .timeLimit(.minutes(8)),
    .enabled(if: SmallDisk.isPossible))
  func room() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let folder = try TemporaryFolder()
    let disk = try SmallDisk(at: folder("disk"), megabytes: 20)
    let bench = try ConverterBench(folder: folder) { settings, _ in
      settings.converter.output = disk.path
      settings.media.reserveMebibytes = 8
    }
    try disk.fill()
    try await bench.put(sample, as: "show.ts")
    try await eventually("it says so", within: .seconds(200)) {
      bench.faults.withLock { $0.work }?.contains("less than the 8 MiB of [media]") == true
    }
    try await bench.drop("show.ts", in: [.queued])
    #expect(try await bench.states("show.ts") == [.growing, .queued])
    disk.free()
    try await bench.drop("show.ts", in: [.converted])
    #expect(bench.faults.withLock { $0.work } == nil)
    try await bench.stop()
  }
}

/// A folder on the memory's file system.
private final class TemporaryShm: Sendable {
  let path = "/dev/shm/al-\(hexadecimal(randomBytes(6)))"

  init() throws { try Syscall.makeFolders(path) }

  deinit {
    for name in TemporaryFolder.names(in: path) { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}
