import Base
import Bus
import Configuration
import Glibc
import Messages
import Metrics
import Storage
import TestSupport
import Testing

@testable import airloom_converter

/// What a kill leaves between any two steps of placing, and what the next start makes of it.
@Suite("A death while what was made gets its name")
struct PlacingTests {
  enum Moment: CaseIterable, Sendable {
    /// Everything is made and checked, the names are not chosen.
    case checked
    case intended
    case captionsRenamed
    case renamed
    /// The names are chosen, and a stranger takes one of them before the next start.
    case stranger
    /// The names are chosen, and what was made is not whole on the disk.
    case torn
  }

  @Test("ends in exactly one right result", .timeLimit(.minutes(8)), arguments: Moment.allCases)
  func death(at moment: Moment) async throws {
    let sample = try await Samples.shared.mp4(seconds: 2)
    let bench = try ConverterBench(isStarted: false)
    try Syscall.makeFolders(bench.output)
    try await bench.put(sample, as: "show.mp4")
    let id = try await leave(moment, of: sample, in: bench)
    try bench.start()
    let conversion = try await bench.drop("show.mp4", in: [.converted, .failed])
    #expect(conversion.id == id && conversion.state == .converted, "\(conversion)")
    let file = try #require(conversion.file)
    #expect(try SHA256.hash(fileAt: file.path).hexadecimal == file.sha256)
    switch moment {
    case .checked, .torn: #expect(bench.made == ["show.mp4"])
    case .intended, .captionsRenamed, .renamed:
      #expect(bench.made == ["show.mp4", "show.srt"])
      // Not made again.
      #expect(file.sha256 == (try SHA256.hash(fileAt: sample).hexadecimal))
    case .stranger:
      #expect(bench.made == ["show (2).mp4", "show (2).srt", "show.mp4"])
      #expect(try DurableFile.read("\(bench.output)/show.mp4") == [1])
    }
    let converted = try await bench.history("show.mp4").filter { $0.state == .converted }
    #expect(converted.count == 1)
    try await bench.stop()
  }

  @Test("files of others are left alone, ours are removed", .timeLimit(.minutes(8)))
  func stale() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench()
    try await bench.put(sample, as: "show.ts")
    let id = try await bench.drop("show.ts", in: [.converted]).id
    try await bench.stop()
    let names = [".airloom-\(id).part.mp4", ".airloom-0123.part.mp4", ".other.part"]
    for name in names {
      try DurableFile.write([1], to: "\(bench.output)/\(name)")
    }
    try bench.start()
    try await eventually("ours is gone", within: .seconds(200)) {
      bench.made == [".airloom-0123.part.mp4", ".other.part", "show.mp4"]
    }
    try await bench.stop()
  }

  @Test(
    "what is still to be done with a drop is done after a restart, but only with that very drop",
    .timeLimit(.minutes(8)), arguments: [false, true])
  func disposal(isRewritten: Bool) async throws {
    let sample = try await Samples.shared.mp4(seconds: 2)
    let bench = try ConverterBench(isStarted: false) { settings, _ in
      settings.converter.after = .delete
    }
    try Syscall.makeFolders(bench.output)
    try await bench.put(sample, as: "show.mp4")
    // Dead after the commit, before the drop was touched: from here it is a restart of `renamed`.
    _ = try await leave(.renamed, of: sample, in: bench)
    if isRewritten {
      let other = try await Samples.shared.mp4(seconds: 4)
      try await bench.shell("cat \"$1\" > \"$2/show.mp4\"", other, bench.drops)
    }
    try bench.start()
    try await eventually("it has been dealt with", within: .seconds(200)) {
      bench.made == ["show (2).mp4", "show.mp4", "show.srt"]
        || !isRewritten && TemporaryFolder.names(in: bench.drops).isEmpty
    }
    // What came instead of the drop was converted for itself before it went.
    let made = isRewritten ? ["show (2).mp4", "show.mp4", "show.srt"] : ["show.mp4", "show.srt"]
    #expect(bench.made == made)
    try await eventually("the drop is gone", within: .seconds(200)) {
      TemporaryFolder.names(in: bench.drops).isEmpty
    }
    try await bench.stop()
  }

  /// Writes the catalogue and the folder as a process leaves them that dies then.
  private func leave(
    _ moment: Moment, of sample: String, in bench: ConverterBench
  ) async throws -> JobID {
    let path = DropPath("\(bench.drops)/show.mp4")
    let identity = try #require(FileIdentity.of(path))
    let database = try Database(
      path: bench.folder("converter.sqlite"), schemas: ConverterService.schemas)
    let now = SystemTimeSource().now()
    var row = ConversionRow(
      id: JobID(unchecked: identity.id(at: path)), path: path, identity: identity, foundAt: now,
      updatedAt: now)
    row.standing = ConversionStanding(state: .verifying, attempts: 1, crashes: 1)
    row.source = "h264 320×240"
    let movie = WorkFile.movie(row.id.text, in: bench.output)
    let captions = WorkFile.captions(row.id.text, in: bench.output)
    try DurableFile.write(try DurableFile.read(sample), to: movie)
    try DurableFile.write(Array("1\n00:00:00,000 --> 00:00:01,000\nX\n".utf8), to: captions)
    let (hash, size) = try SHA256.hash(fileAt: movie)
    if moment != .checked {
      row.file = FinishedFile(
        path: "\(bench.output)/show.mp4", name: "show.mp4", bytes: size, sha256: hash,
        contentType: "video/mp4", durationUs: 2_000_000, gaps: [])
      row.captions = ConversionCaptions(
        tool: .ffmpeg, path: "\(bench.output)/show.srt", cues: 1)
    }
    if moment == .captionsRenamed || moment == .renamed {
      rename(captions, "\(bench.output)/show.srt")
    }
    if moment == .renamed { rename(movie, "\(bench.output)/show.mp4") }
    if moment == .stranger { try DurableFile.write([1], to: "\(bench.output)/show.mp4") }
    if moment == .torn { truncate(movie, off_t(size / 2)) }
    let stored = row
    _ = try await database.write { try ConversionCatalog.insert(stored, $0) }
    return row.id
  }
}
