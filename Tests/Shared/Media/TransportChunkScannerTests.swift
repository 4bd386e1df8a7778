import Base
import Media
import Subprocess
import TestSupport
import Testing

/// Transport streams that FFmpeg made, cut at their key frames.
struct TransportChunkScannerTests {
  static func chunks(
    _ bytes: [UInt8], pieces: Int
  ) -> (chunks: [TransportChunkScanner.Chunk], scanner: TransportChunkScanner) {
    var scanner = TransportChunkScanner()
    var found: [TransportChunkScanner.Chunk] = []
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      scanner.feed(bytes[start..<min(start + pieces, bytes.count)]) { found.append($0) }
    }
    scanner.finish { found.append($0) }
    return (found, scanner)
  }

  @Test func `Chunks one behind the other are the stream, each beginning with its tables`()
    async throws
  {
    let folder = try TemporaryFolder()
    try await MovingPicture.makeFile(folder("a.ts"), seconds: 6)
    let bytes = try DurableFile.read(folder("a.ts"))
    for pieces in [bytes.count, 10_007, 188, 61] {
      let (chunks, scanner) = Self.chunks(bytes, pieces: pieces)
      #expect(chunks.count == 6, "pieces of \(pieces)")
      // What stands before the first tables names no programme.
      let joined = chunks.flatMap(\.bytes)
      #expect(joined == Array(bytes.suffix(joined.count)))
      #expect(bytes.count - joined.count <= 188 && scanner.lostPackets == 0)
      for chunk in chunks {
        #expect(chunk.isIndependent && chunk.hasTables && !chunk.isDiscontinuous)
        #expect(abs(chunk.duration - 90_000) < 4_000, "\(chunk.duration)")
        let inspection = try SegmentInspection.inspect(chunk.bytes)
        #expect(inspection.isIndependent && inspection.height == 180)
      }
    }
  }

  @Test func `Sound alone is cut at its units`() async throws {
    let folder = try TemporaryFolder()
    try await ToneSource.makeFile(
      folder("a.ts"), seconds: 4,
      extraArguments: ["-c:a", "aac", "-f", "mpegts", "-pat_period", "1"])
    let bytes = try DurableFile.read(folder("a.ts"))
    let (chunks, scanner) = Self.chunks(bytes, pieces: 4096)
    #expect(chunks.count >= 10)
    let joined = chunks.flatMap(\.bytes)
    #expect(joined == Array(bytes.suffix(joined.count)))
    let seconds = Double(chunks.reduce(0) { $0 + $1.duration }) / 90_000
    #expect(abs(seconds - 4) < 0.2, "\(seconds)")
    // A file that begins with any of them can be played with the tables before it.
    let bare = try #require(chunks.first { !$0.hasTables })
    #expect(try SegmentInspection.inspect(scanner.tables + bare.bytes).codecs == "mp4a.40.2")
  }

  @Test func `Reading goes on at any chunk, with the tables that were there before`() async throws {
    let folder = try TemporaryFolder()
    try await MovingPicture.makeFile(folder("a.ts"), seconds: 6)
    let file = try DurableFile.read(folder("a.ts"))
    // Of the tables only the first ones: those of the programme and of its map, as FFmpeg numbers them.
    let bytes = stride(from: 0, to: file.count, by: 188).flatMap { start in
      let pid = Int(file[start + 1] & 0x1F) << 8 | Int(file[start + 2])
      let isTable = pid == 0 || pid == 0x1000
      return isTable && start > 3 * 188 ? [] : Array(file[start..<start + 188])
    }
    let (chunks, scanner) = Self.chunks(bytes, pieces: 10_007)
    let bare = try #require(chunks.firstIndex { !$0.hasTables })
    #expect(bare > 0 && chunks.count == 6)
    var later = TransportChunkScanner(tables: scanner.tables)
    var found: [TransportChunkScanner.Chunk] = []
    later.feed(bytes[Int(chunks[bare].position)...]) { found.append($0) }
    later.finish { found.append($0) }
    #expect(found.map(\.hash) == chunks[bare...].map(\.hash))
    #expect(later.skippedBytes == 0 && found.first?.position == 0)
  }

  @Test func `A clock that begins anew is said, and a packet that is missing is counted`()
    async throws
  {
    let folder = try TemporaryFolder()
    try await MovingPicture.makeFile(folder("a.ts"), seconds: 3)
    try await MovingPicture.makeFile(
      folder("b.ts"), seconds: 3, extra: ["-output_ts_offset", "5000"])
    var bytes = try DurableFile.read(folder("a.ts"))
    bytes.removeSubrange(188 * 100..<188 * 101)
    bytes += try DurableFile.read(folder("b.ts"))
    let (chunks, scanner) = Self.chunks(bytes, pieces: 5000)
    #expect(chunks.filter(\.isDiscontinuous).count == 1)
    #expect(chunks.allSatisfy { $0.duration > 80_000 && $0.duration < 100_000 })
    #expect(scanner.lostPackets > 0)
  }

  @Test func `The clock's return to zero is no break`() async throws {
    let folder = try TemporaryFolder()
    // 33 bits of 90 kHz are 95443.7 seconds.
    try await MovingPicture.makeFile(
      folder("a.ts"), seconds: 5, extra: ["-output_ts_offset", "95440"])
    let (chunks, _) = Self.chunks(try DurableFile.read(folder("a.ts")), pieces: 5000)
    #expect(chunks.count == 5)
    #expect(chunks.allSatisfy { !$0.isDiscontinuous && abs($0.duration - 90_000) < 4_000 })
  }
}
