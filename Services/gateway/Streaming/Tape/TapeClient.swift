import Base
import FoundationEssentials
import HTTPClient

/// Asks recorders for their tapes over HTTP.
struct TapeClient: Sendable {
  /// A recorder as its heartbeats tell of it.
  struct Recorder: Hashable, Sendable {
    var node: NodeID
    /// `host:port`
    var address: String
    var isAlive: Bool
  }

  /// More pages are not read for one answer: a year of four-second segments.
  private static let pageLimit = 1600
  private static let segmentsPerPage = 5000
  /// A segment of a minute at 60 Mbit/s.
  private static let largestSegment: Int64 = 512 << 20

  let http: HTTPClient
  /// The value of the Authorization header. Blocks for the disk.
  let authorization: @Sendable () async throws -> String

  /// What the recorder has of [from, to). An answer without segments where it has no such tape.
  func answer(
    of recorder: Recorder, stream: StreamID, from: Instant, to: Instant
  ) async throws -> TapeAnswer {
    var answer = TapeAnswer(node: recorder.node, segments: [], gaps: [])
    var start = max(0, from.microseconds)
    let end = to.microseconds
    for _ in 0..<TapeClient.pageLimit where start < end {
      let path =
        "/tape/\(stream)?from_us=\(start)&to_us=\(end)&limit=\(TapeClient.segmentsPerPage)"
      let response = try await get(path, from: recorder, timeout: .seconds(5))
      if response.status == 404 { return answer }
      let page = try TapePage.read(try response.checked())
      append(page, to: &answer)
      guard page.more, let next = page.nextUs, next > start else { break }
      start = next
    }
    return answer
  }

  /// A segment's bytes as stored; nil where the recorder has no such segment.
  func segment(
    of recorder: Recorder, stream: StreamID, sequence: Int64
  ) async throws -> [UInt8]? {
    let response = try await get(
      "/tape/\(stream)/segments/\(sequence)", from: recorder, timeout: .seconds(30))
    return response.status == 404 ? nil : try response.checked()
  }

  /// What the recorder heard the stream announce; nil where it has no such tape.
  func titles(
    of recorder: Recorder, stream: StreamID, from: Instant, to: Instant
  ) async throws -> [AsRunTitles.Title]? {
    struct Answer: Decodable { var titles: [AsRunTitles.Title] }
    let response = try await get(
      "/tape/\(stream)/titles?from_us=\(max(0, from.microseconds))&to_us=\(to.microseconds)",
      from: recorder, timeout: .seconds(5))
    if response.status == 404 { return nil }
    return try JSONDecoder().decode(Answer.self, from: Data(try response.checked())).titles
  }

  /// An initialisation section; nil where the recorder has none of that hash.
  func initialisation(
    of recorder: Recorder, stream: StreamID, hash: String
  ) async throws -> [UInt8]? {
    let response = try await get(
      "/tape/\(stream)/init/\(hash)", from: recorder, timeout: .seconds(10))
    return response.status == 404 ? nil : try response.checked()
  }

  /// What overlaps the border of two pages comes in both.
  private func append(_ page: TapePage, to answer: inout TapeAnswer) {
    if page.sound != nil { answer.bandwidthBesideSound = TapeClient.bandwidth(page.segments) }
    var segments = page.segments[...]
    if let last = answer.segments.last {
      segments = segments.drop { ($0.startUs, $0.sequence) <= (last.startUs, last.sequence) }
    }
    answer.segments += segments.lazy.map { TapeSegment($0, of: answer.node) }
    for gap in page.gaps {
      let gap = TapeGap(
        startUs: gap.startUs, endUs: gap.endUs, cause: gap.cause, detail: gap.detail)
      if !answer.gaps.suffix(8).contains(gap) { answer.gaps.append(gap) }
    }
  }

  /// The most that one of the segments needs, and what good sound needs beside it.
  private static func bandwidth(_ segments: [TapePage.Segment]) -> Int64 {
    let most = segments.lazy.filter { $0.durationUs > 0 }
      .map { $0.bytes * 8_000_000 / $0.durationUs }.max()
    return (most ?? 0) + 256_000
  }

  func get(
    _ path: String, from recorder: Recorder, timeout: Duration
  ) async throws -> HTTPResponse {
    var request = HTTPRequest("GET", "http://\(recorder.address)\(path)", timeout: timeout)
    request.headers.append("Authorization", try await authorization())
    request.connectTimeout = .seconds(2)
    request.acceptsAnyStatus = true
    request.redirectLimit = 0
    request.largestBody = TapeClient.largestSegment
    return try await http.request(request)
  }
}

/// A recorder answered something that is no answer.
struct TapeRefusal: Error, CustomStringConvertible {
  let status: Int
  let url: String

  var description: String {
    status == 401
      ? "the recorder refuses our key: copy keys/tape.token from one host to the others"
      : "the recorder answered \(status) instead of its tape"
  }
}

extension HTTPResponse {
  func checked() throws(TapeRefusal) -> [UInt8] {
    guard status == 200 else { throw TapeRefusal(status: status, url: head.url) }
    return body
  }
}
