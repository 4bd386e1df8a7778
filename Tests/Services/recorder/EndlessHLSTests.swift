import Base
import Media
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

/// What an endless tape of an HLS station must show: a short form in every run, ten minutes by
/// `make campaign`.
@Suite(.timeLimit(.minutes(20)))
struct EndlessHLSTests {
  @Test(arguments: [HLSStation.Format.transportStream, .fragmentedMP4])
  func `What stands on the tape is every segment that the station made, to the bit`(
    _ format: HLSStation.Format
  ) async throws {
    let station = try await HLSStation.start(format)
    let studio = try Studio()
    let run = try await HLSCaptureTests.Run(studio, station.masterURL)
    try await eventually("the first segment", within: .seconds(60)) {
      try await !studio.segments(.radio).isEmpty
    }
    try await EndlessTapeTests.wait(Campaign.pick(short: .seconds(12), long: .seconds(600)))
    await run.pool.stop()
    await station.stop()
    // The station keeps all that it ever made; its list has the newest ten.
    let made = try station.segments()
    let segments = try await studio.segments(.radio)
    let first = try #require(
      made.firstIndex { $0.name == segments.first?.media?.address.fileName })
    #expect(segments.count > Campaign.pick(short: 8, long: 540))
    try #require(first + segments.count <= made.count)
    for (segment, original) in zip(segments, made[first...]) {
      let media = try #require(segment.media)
      let bytes = try DurableFile.read(studio.tapeRoot + "/" + segment.path)
      #expect(bytes == original.bytes, "\(original.name) is not segment \(segment.sequence)")
      #expect(media.mediaSequence == segments[0].media.map { $0.mediaSequence + segment.sequence })
      guard let hash = media.initialisation else {
        #expect(format == .transportStream)
        continue
      }
      let section = studio.tapeRoot + "/" + MediaPath.initialisation(.radio, sha256: hash)
      #expect(
        try DurableFile.read(section) == DurableFile.read(station.folder + "/init.mp4"))
    }
    #expect(
      segments.map(\.splice) == [.first] + segments.dropFirst().map { _ in Splice.continuous })
    // And the books say so.
    let gaps = try await studio.gaps(.radio).filter { $0.end > segments[0].start }
    #expect(gaps.isEmpty, "\(gaps)")
    let account = try await studio.account(.radio)
    #expect(account.unexplained.isEmpty && account.captured + account.missing == account.wanted)
    let audit = try await TapeAuditorTests.audit(studio)
    #expect(audit.differences.isEmpty, "\(audit.text)")
    if Campaign.isOn {
      let bytes = segments.reduce(0) { $0 + $1.bytes }
      print(
        "24/7 \(format): \(segments.count) segments of \(made.count), \(bytes) bytes, bit-identical;"
          + " captured \(account.captured)")
    }
  }
}

extension String {
  fileprivate var fileName: String { split(separator: "/").last.map(String.init) ?? self }
}
