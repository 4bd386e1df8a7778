import Base
import DASH
import HTTPClient
import Media
import Messages

/// "Test this stream": connects as a capture would, looks at what comes, and lets go. Touches no tape
/// and no database; ends with the task that called it.
struct SourceTester: Sendable {
  let opener: any SourceOpener
  let client: HTTPClient
  var pages: [String] = []
  var connectTimeout = Duration.seconds(10)
  var limit = Duration.seconds(25)
  var time: any TimeSource = SystemTimeSource()

  /// As much of a stream of frames as tells what it is.
  private static let sample = 192 << 10

  /// The first address that works, else what is wrong with the last one.
  func test(_ definition: StreamDefinition) async -> SourceReport {
    let deadline = time.monotonic() + limit
    var report = SourceReport()
    for url in definition.urls.prefix(10) where !Task.isCancelled {
      var definition = definition
      definition.urls = [url]
      var trial = SourceTrial(
        self, definition, deadline: deadline, started: time.monotonic())
      report = await trial.run()
      if report.ok || time.monotonic() >= deadline { break }
    }
    if definition.urls.isEmpty { report.problem = "The stream has no address." }
    return report
  }

  /// One address, and what it leads to.
  private struct SourceTrial {
    let tester: SourceTester
    var definition: StreamDefinition
    let deadline: Monotonic
    let started: Monotonic
    var report = SourceReport()
    var depth = 0

    init(
      _ tester: SourceTester, _ definition: StreamDefinition, deadline: Monotonic,
      started: Monotonic
    ) {
      self.tester = tester
      self.definition = definition
      self.deadline = deadline
      self.started = started
    }

    private enum Step {
      case again(String)
      case done
    }

    private var elapsed: Int {
      Int((tester.time.monotonic() - started).microseconds / 1000)
    }

    mutating func run() async -> SourceReport {
      var url = definition.urls.first ?? ""
      report.kind = kind(of: url)
      while true {
        report.address = Redactor.redact(url)
        guard case .again(let next) = await attempt(url) else { return report }
        depth += 1
        guard depth <= 3 else {
          report.problem = "The address leads from one list to the next without end."
          return report
        }
        url = next
      }
    }

    private func kind(of url: String) -> String {
      switch SourceRoute(
        url, kind: definition.source, inputFormat: definition.inputFormat, pages: tester.pages)
      {
      case .http, .refused: "http"
      case .ffmpeg: "ffmpeg"
      case .page: "page"
      }
    }

    private mutating func attempt(_ url: String) async -> Step {
      let connection = CaptureConnection(time: tester.time) { _ in }
      connection.attach(
        tester.opener.open(
          SourceRequest(url, of: definition, connectTimeout: tester.connectTimeout),
          into: connection))
      defer { connection.cancel() }
      var reader = SourceReader()
      var sample: [UInt8] = []
      while tester.time.monotonic() < deadline, !Task.isCancelled {
        let batch = connection.take()
        if let head = batch.head {
          note(head)
          if let step = await follow(reader.take(head), url, reader) { return step }
        }
        if !batch.bytes.isEmpty {
          report.firstByteMs = report.firstByteMs ?? elapsed
          let finding = reader.take(batch.bytes) { scanner in
            Self.gather(scanner, into: &sample)
          }
          for chunk in reader.takeChunks() {
            sample += (sample.isEmpty && !chunk.chunk.hasTables ? chunk.tables : [])
            sample += chunk.chunk.bytes
          }
          if let step = await follow(finding, url, reader) { return step }
          if reader.frames > 0 { report.firstFrameMs = report.firstFrameMs ?? elapsed }
          if isEnough(sample, reader) { return await conclude(sample, reader) }
        }
        if let end = batch.end {
          if reader.frames == 0, case .byServer = end,
            let step = await follow(reader.finish(scanned: { _ in }), url, reader)
          {
            return step
          }
          if !sample.isEmpty { return await conclude(sample, reader) }
          report.problem =
            if case .byFailure(let failure) = end { failure.sentence } else {
              SourceFailure.closed.sentence
            }
          return .done
        }
        try? await Task.sleep(for: .milliseconds(20))
      }
      if !sample.isEmpty { return await conclude(sample, reader) }
      report.problem =
        report.firstByteMs == nil
        ? "The source takes the connection and does not answer."
        : "The source sends data, and within \(Int(tester.limit.inSeconds)) seconds no whole piece of "
          + "sound or picture was found in it."
      return .done
    }

    private mutating func note(_ head: HTTPHead) {
      report.connectMs = report.connectMs ?? elapsed
      report.server = head.headers["Server"] ?? report.server
      if let name = head.headers["icy-name"] {
        report.source = SourceDescription(station: name)
      }
    }

    private static func gather(_ scanner: borrowing FrameScanner, into sample: inout [UInt8]) {
      for frame in scanner.frames {
        if sample.isEmpty { sample += scanner.preamble(of: frame.format) ?? [] }
        scanner.withBytes { sample += $0[frame.start..<frame.start + frame.length] }
      }
    }

    /// A second of sound in most codings, or one chunk of a transport stream.
    private func isEnough(_ sample: [UInt8], _ reader: SourceReader) -> Bool {
      guard !sample.isEmpty else { return false }
      if reader.transport != nil { return true }
      return reader.frames >= 40 || sample.count >= SourceTester.sample
        || (reader.isOgg && reader.frames >= 3)
    }

    private mutating func follow(
      _ finding: SourceReader.Finding, _ url: String, _ reader: SourceReader
    ) async -> Step? {
      switch finding {
      case .audio: return nil
      case .unusable(let failure):
        report.problem = failure.sentence
        return .done
      case .moved(let next): return .again(next)
      case .resolved(let source):
        definition = source.definition(definition)
        return .again(source.url)
      case .hls:
        await testHLS(url)
        return .done
      }
    }

    private mutating func conclude(_ sample: [UInt8], _ reader: SourceReader) async -> Step {
      let demuxer = reader.transport != nil ? "mpegts" : reader.isOgg ? "ogg" : reader.demuxer
      if report.kind == "http", reader.transport != nil { report.kind = "mpegts" }
      await describe(sample, demuxer: demuxer)
      report.ok = true
      let what = report.source?.sentence ?? "what the source sends"
      report.wouldRecord =
        reader.transport != nil
        ? "\(what): every packet as it comes, in segments that begin with a key frame."
        : "\(what): every frame as it is sent."
      return .done
    }

    private mutating func describe(_ sample: [UInt8], demuxer: String) async {
      let station = report.source?.station
      report.source = await SourceProbe.shared.describe(sample, demuxer: demuxer)
      if let station {
        report.source = report.source ?? SourceDescription()
        report.source?.station = station
      }
    }

    // MARK: - HLS

    private mutating func testHLS(_ url: String) async {
      report.kind = report.kind == "page" ? "page, hls" : "hls"
      let fetcher = HLSFetcher(
        client: tester.client, definition: definition, connectTimeout: tester.connectTimeout)
      var isSoundApart = false
      do throws(HLSFetcher.Failure) {
        var numbers = DASHNumbers()
        var (listing, from) = try await fetcher.listing(url, imported: [:])
        if case .dash = listing { report.kind.replace("hls", with: "dash") }
        var playlist = listing.playlist(&numbers, at: SystemTimeSource().now())
        if case .master(let master) = playlist {
          report.variants = master.variants.map {
            SourceReport.Variant(
              bitsPerSecond: $0.bandwidth.map { Int($0) }, height: $0.height, codecs: $0.codecs)
          }
          report.languages = master.languages
          guard let choice = HLSVariantPolicy(definition).choose(from: master) else {
            report.problem = "The station's playlist offers nothing that can be captured."
            return
          }
          isSoundApart = choice.sound != nil
          (listing, from) = try await fetcher.listing(
            URIReference.resolve(choice.variant.uri, in: from), imported: master.definitions)
          playlist = listing.playlist(&numbers, at: SystemTimeSource().now())
        }
        guard case .media(let media) = playlist else {
          report.problem = "The station's playlist leads to another one of its kind."
          return
        }
        try await testSegment(of: media, from, fetcher, isSoundApart: isSoundApart)
      } catch {
        report.problem = error.failure.sentence
      }
    }

    private mutating func testSegment(
      of media: HLSMediaPlaylist, _ from: String, _ fetcher: HLSFetcher, isSoundApart: Bool
    ) async throws(HLSFetcher.Failure) {
      if let refusal = media.segments.lazy.compactMap({ HLSFetcher.refusal($0.key) }).first {
        throw HLSFetcher.Failure(refusal)
      }
      guard let segment = media.segments.last(where: { !$0.isGap }) else {
        report.problem = "The station's playlist lists no segment now."
        return
      }
      let entry = HLSEntry(
        segment: segment, address: URIReference.resolve(segment.uri, in: from), mapAddress: nil,
        keyAddress: nil, start: .epoch, splice: .continuous, sequence: 0, fate: .fetching)
      let keyURL = segment.key?.uri.map { URIReference.resolve($0, in: from) }
      var key: [UInt8]?
      if let keyURL { key = try await fetcher.key(keyURL) }
      var section: [UInt8]?
      if let map = segment.map {
        var mapKey: [UInt8]?
        if let uri = map.key?.uri {
          mapKey = try await fetcher.key(URIReference.resolve(uri, in: from))
        }
        section = try await fetcher.section(
          map, URIReference.resolve(map.uri, in: from), key: mapKey)
      }
      let fetched = try await fetcher.segment(
        entry, section: section, key: key, allowance: .seconds(10))
      report.firstFrameMs = elapsed
      await describe(
        (section ?? []) + fetched.bytes, demuxer: fetched.inspection.container.demuxer)
      if report.source?.height == nil { report.source?.height = fetched.inspection.height }
      report.source?.bitsPerSecond =
        segment.duration > .zero
        ? Int(Double(fetched.bytes.count) * 8 / segment.duration.inSeconds) / 1000 * 1000 : nil
      report.ok = true
      let sound = isSoundApart ? ", with its sound, which is offered apart" : ""
      report.wouldRecord =
        "\(report.source?.sentence ?? "Segments")\(sound): each segment as the station has it, and after an "
        + "outage what its playlist still lists."
      if media.isEnded { report.problem = "The station has ended its stream." }
    }
  }
}
