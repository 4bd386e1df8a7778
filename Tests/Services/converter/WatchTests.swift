import Base
import Configuration
import Glibc
import Messages
import Metrics
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_converter

@Suite("What is seen of a folder")
struct WatchTests {
  @Test("a writer is seen by the lease, and by the open files where there is no lease")
  func writers() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("x.ts", "content")
    let drop = try OpenDrop(DropPath(path))
    let nobody = WriterProbe.evidence(of: drop)
    #expect(nobody == WriterEvidence(source: .lease, isOpen: false))
    #expect(WriterProbe.processes(drop.identity).isOpen == false)

    let reader = open(path, O_RDONLY)
    #expect(!WriterProbe.evidence(of: drop).isOpen)
    #expect(!WriterProbe.processes(drop.identity).isOpen)
    close(reader)

    let writer = open(path, O_WRONLY | O_APPEND)
    #expect(WriterProbe.evidence(of: drop) == WriterEvidence(source: .lease, isOpen: true))
    #expect(
      WriterProbe.processes(drop.identity)
        == WriterEvidence(source: .processes(isComplete: true), isOpen: true))
    #expect(drop.objection()?.kind == .sourceChanged)
    close(writer)
    #expect(drop.objection() == nil)

    // A mapping that outlives its descriptor is a writer too.
    let mapped = open(path, O_RDWR)
    let memory = mmap(nil, 7, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, 0)
    close(mapped)
    #expect(WriterProbe.evidence(of: drop) == WriterEvidence(source: .lease, isOpen: true))
    munmap(memory, 7)
    #expect(drop.objection() == nil)
  }

  @Test("what is held open is the content, whatever becomes of the name")
  func identity() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("x.ts", "content")
    let drop = try OpenDrop(DropPath(path))
    rename(path, folder("y.ts"))
    #expect(drop.objection()?.kind == .sourceGone)
    try folder.file("x.ts", "another")
    #expect(drop.objection()?.kind == .sourceChanged)
    #expect(drop.head(100) == Array("content".utf8))
    #expect(throws: ConverterError.self) { try OpenDrop(DropPath(folder("none"))) }
    symlink(folder("y.ts"), folder("link.ts"))
    #expect(throws: ConverterError.self) { try OpenDrop(DropPath(folder("link.ts"))) }
    #expect(throws: ConverterError.self) { try OpenDrop(DropPath(folder.path)) }
  }

  @Test("a link to a folder is entered only where a person has named it")
  func links() throws {
    let folder = try TemporaryFolder()
    try folder.file("real/x.ts", "content")
    symlink(folder("real"), folder("link"))
    let link = DropPath(folder("link"))
    func walk(_ root: DropPath, mayBeLink: Bool) throws -> [String] {
      try FolderWalker(root, mayBeLink: mayBeLink, isRecursive: true, isSkipped: { _ in false })
        .next(100).map(\.path.text)
    }
    #expect(try walk(link, mayBeLink: true) == [folder("link/x.ts")])
    #expect(throws: SystemError.self) { try walk(link, mayBeLink: false) }
    #expect(try walk(DropPath(folder.path), mayBeLink: true) == [folder("real/x.ts")])
  }

  @Test("a link that is made while the folder is watched leads nowhere", .timeLimit(.minutes(8)))
  func linkMadeLate() async throws {
    let sample = try await Samples.shared.transportStream(seconds: 2)
    let bench = try ConverterBench()
    let elsewhere = try bench.folder.folder("elsewhere")
    try await bench.put(sample, as: "first.ts")
    try await bench.drop("first.ts", in: [.converted])
    // The folder is watched now, so the system tells of each of these at once.
    try await bench.shell("cp \"$1\" \"$2/secret.ts\"", sample, elsewhere)
    for number in 0..<20 { symlink(elsewhere, "\(bench.drops)/link-\(number)") }
    try await bench.put(sample, as: "second.ts")
    try await bench.drop("second.ts", in: [.converted])
    let names = Set(try await bench.said(ConversionReported.self).map(\.conversion.name))
    #expect(names == ["first.ts", "second.ts"])
    #expect(TemporaryFolder.names(in: elsewhere) == ["secret.ts"])
    try await bench.stop()
  }

  /// `AIRLOOM_KNOWN_DROPS=500000` makes it as large as an old archive, and prints how long a scan took.
  @Test(
    "a scan through what is known writes nothing, and a new drop among it is found",
    .timeLimit(.minutes(20)))
  func scale() async throws {
    let count = getenv("AIRLOOM_KNOWN_DROPS").flatMap { Int(String(cString: $0)) } ?? 3000
    let bench = try ConverterBench(isStarted: false) { settings, _ in
      settings.converter.rescan = .seconds(1)
    }
    try await Self.fill(bench, count)
    try bench.start()
    let files = bench.metrics
    try await eventually("all were looked at", within: .seconds(600)) {
      Self.value("airloom_converter_files", in: files) == Double(count)
    }
    #expect(try await bench.said(ConversionReported.self).isEmpty)
    let changes = try await Self.changes(bench)
    let sample = try await Samples.shared.transportStream(seconds: 2)
    try await bench.shell("cp \"$1\" \"$2/500/new.ts\"", sample, bench.drops)
    try await bench.drop("new.ts", in: [.converted])
    let names = Set(try await bench.said(ConversionReported.self).map(\.conversion.name))
    #expect(names == ["new.ts"])
    // Nothing but the new drop's row, its reports, and the bus's own notes about them.
    #expect(try await Self.changes(bench) - changes < 100)
    let seconds = Self.value("airloom_converter_scan_seconds", in: files) ?? 0
    print("a scan through \(count) known drops took \(seconds) s")
    try await bench.stop()
  }

  /// Small files in 1000 folders, all known as converted.
  private static func fill(_ bench: ConverterBench, _ count: Int) async throws {
    let folders = 1000
    for number in 0..<folders { try Syscall.makeFolders("\(bench.drops)/\(number)") }
    let database = try Database(
      path: bench.folder("converter.sqlite"), schemas: ConverterService.schemas)
    let drops = bench.drops
    for start in stride(from: 0, to: count, by: 5000) {
      let rows = await onOwnThread {
        (start..<min(start + 5000, count)).compactMap { number -> ConversionRow? in
          let path = "\(drops)/\(number % folders)/\(number).ts"
          let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
          _ = write(descriptor, "x", 1)
          close(descriptor)
          let place = DropPath(path)
          return FileIdentity.of(place).map { identity in
            var row = ConversionRow(
              id: JobID(unchecked: identity.id(at: place)), path: place, identity: identity,
              foundAt: .epoch, updatedAt: .epoch)
            row.standing.state = .converted
            return row
          }
        }
      }
      try await database.write { transaction in
        for row in rows { _ = try ConversionCatalog.insert(row, transaction) }
      }
    }
  }

  private static func changes(_ bench: ConverterBench) async throws -> Int {
    try await bench.database.read { transaction in
      try transaction.first("SELECT total_changes()") { row throws(StorageError) in try row.int(0) }
        ?? 0
    }
  }

  private static func value(_ name: String, in metrics: MetricsRegistry) -> Double? {
    metrics.text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
      .flatMap { Double($0.dropFirst(name.count + 1)) }
  }
}
