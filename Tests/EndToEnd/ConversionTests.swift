import Base
import FoundationEssentials
import Glibc
import Messages
import Subprocess
import TestSupport
import Testing

/// A drop on its way through the real programs, to a file on a server.
@Suite("A drop in a watched folder")
struct ConversionTests {
  private struct List: Decodable { let conversions: [Conversion] }

  /// With short waits, and a folder in the home folder that is watched.
  private static func installation(
    _ settings: String
  ) throws -> (Installation, drops: String) {
    let installation = try Installation()
    let drops = try installation.home.folder("drops")
    try installation.home.file(
      "airloom.toml",
      """
      [web]
      port = 0
      [media]
      reserve_mib = 0
      [converter]
      folders = ["\(drops)"]
      still_s = 1
      rescan_s = 1
      \(settings)
      """)
    return (installation, drops)
  }

  /// The only drop of that name, as the page shows it, in one of the states.
  private static func drop(
    _ name: String, in states: Set<ConversionState>, _ client: RESTClient
  ) async throws -> Conversion {
    var seen: Conversion?
    do {
      return try await eventually("\(name) is \(states)", within: .seconds(240)) {
        let all = await client.find("/api/v1/conversions", as: List.self)?.conversions ?? []
        let found = all.filter { $0.name == name }
        seen = found.first ?? seen
        guard found.count == 1, let only = found.first else { return nil }
        return states.contains(only.state) ? only : nil
      }
    } catch {
      throw TestFailure("\(error); last seen: \(seen.map { "\($0)" } ?? "nothing")")
    }
  }

  @Test(
    "is converted once and delivered once, however often the converter is killed in the middle",
    .timeLimit(.minutes(5)))
  func kill() async throws {
    let (installation, drops) = try Self.installation(
      "preset = \"veryslow\"\ndestinations = [\"archive\"]")
    try await installation.told {
      let sample = installation.home("sample.ts")
      try await BroadcastFile.transportStream(sample, seconds: 10)
      try await installation.up()
      let client = RESTClient(installation)
      try await client.logIn()
      let archive = try await Archive.start(for: client)
      try await Self.copy(sample, to: "\(drops)/Evening show.ts")
      var killed: Set<Int32> = []
      for _ in 0..<2 {
        // Shown beside the drop while FFmpeg works on it.
        try await eventually("it is being converted", within: .seconds(240)) {
          Files.exists("\(drops)/.Evening show.ts.airloom-progress")
        }
        let pid = try await eventually("a converter runs", within: .seconds(200)) {
          Self.pid(of: "converter-1", installation).flatMap { killed.contains($0) ? nil : $0 }
        }
        #expect(Glibc.kill(pid, SIGKILL) == 0)
        killed.insert(pid)
        unlink("\(drops)/.Evening show.ts.airloom-progress")
      }
      let conversion = try await Self.drop(
        "Evening show.ts", in: [.converted, .failed, .vanished], client)
      let file = try #require(conversion.file, "\(conversion)")
      #expect(conversion.attempts == 3)
      let delivery = try await eventually("it is delivered", within: .seconds(200)) {
        let found = await client.deliveries(of: conversion.id)
        return found.count == 1 && found.first?.state == .delivered ? found.first : nil
      }
      #expect(delivery.origin == .conversion)
      #expect(archive.files == ["Evening show.mp4"])
      let hash = try Files.hash("\(archive.server.folder)/Evening show.mp4")
      #expect(hash == file.sha256)
      #expect(Files.all(in: installation.home("media/converted")) == ["Evening show.mp4"])
      let facts = try await MediaProbe.facts(file.path)
      #expect(abs(facts.seconds - 10) < 0.3)
      #expect(facts.streams.map(\.codec).sorted() == ["aac", "h264"])
      // The drop was only read.
      #expect(Files.all(in: drops) == ["Evening show.ts"])
      #expect(try Files.hash("\(drops)/Evening show.ts") == Files.hash(sample))
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "is not taken for converted when FFmpeg makes less of it; a person has it tried again",
    .timeLimit(.minutes(8)))
  func tooShort() async throws {
    let (installation, drops) = try Self.installation(
      "preset = \"ultrafast\"\nattempts = 1\nafter = \"delete\"")
    try await installation.told {
      let sample = installation.home("sample.ts")
      try await BroadcastFile.transportStream(sample, seconds: 4)
      // The real program, except that it makes a second of whatever it encodes.
      let real = try requires(.ffmpeg)
      try installation.home.file(
        "bin/ffmpeg",
        """
        #!/bin/sh
        case "$*" in *libx264*) exec "\(real)" -t 1 "$@" ;; *) exec "\(real)" "$@" ;; esac
        """)
      chmod(installation.home("bin/ffmpeg"), 0o755)
      try await installation.start([.scheduler, .gateway])
      let path = getenv("PATH").map { String(cString: $0) } ?? ""
      let stingy = try await installation.launch(
        .converter, environment: ["PATH": "\(installation.home("bin")):\(path)"])
      let client = RESTClient(installation)
      try await client.logIn()
      try await Self.copy(sample, to: "\(drops)/show.ts")
      let failed = try await Self.drop("show.ts", in: [.converted, .failed], client)
      #expect(failed.state == .failed && failed.attempts == 1)
      #expect(
        failed.reason?.hasPrefix("What was made is shorter than the drop: 0:01.") == true,
        "\(failed)")
      #expect(failed.reason?.hasSuffix("instead of 0:04.0.") == true)
      #expect(Files.all(in: installation.home("media/converted")).isEmpty)
      #expect(try Files.hash("\(drops)/show.ts") == Files.hash(sample))
      await stingy.stop(StopLadder([.init(.signal(SIGTERM), grace: .seconds(30))]))

      try await installation.start(.converter, waitsUntilReady: true)
      try await client.post("/api/v1/conversions/\(failed.id)/retry", NoBody())
      let converted = try await Self.drop("show.ts", in: [.converted], client)
      #expect(converted.id == failed.id && converted.attempts == 2)
      #expect(abs(Double(converted.file?.durationUs ?? 0) / 1e6 - 4) < 0.3)
      try await eventually("the drop is deleted, as the settings say", within: .seconds(200)) {
        Files.all(in: drops).isEmpty
      }
      #expect(Files.all(in: installation.home("media/converted")) == ["show.mp4"])
      #expect(await installation.stop().isEmpty)
    }
  }

  private static func copy(_ from: String, to: String) async throws {
    let run = try await ChildProcess.run(ChildCommand("cp", [from, to]), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("cp \(run.exit): \(run.errorText)") }
  }

  private static func pid(of node: String, _ installation: Installation) -> Int32? {
    (try? DurableFile.read(installation.home("run/\(node).lock")))
      .flatMap { Int32(String(decoding: $0, as: UTF8.self).filter(\.isNumber)) }
  }
}
