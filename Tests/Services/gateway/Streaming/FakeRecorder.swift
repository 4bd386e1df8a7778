import Base
import HTTPServer
import Messages
import Synchronization
import TestSupport

@testable import airloom_gateway

/// A recorder that hands out tapes which a test has made, as docs/api/tape.md tells.
final class FakeRecorder: Sendable {
  private struct Tape {
    var segments: [TapeSegment] = []
    var contents: [Int64: [UInt8]] = [:]
    var gaps: [TapeGap] = []
    var initialisations: [String: [UInt8]] = [:]
    var titles: [(at: Instant, title: String)] = []
    var ledger: (answer: [UInt8], queries: [String])?
  }

  let node: NodeID
  private let server: Server
  private let tapes: SharedState

  private final class SharedState: Sendable {
    let value = Mutex<[String: Tape]>([:])
    let requests = Mutex(0)
  }

  /// `token`: the value of the Authorization header that it wants to see.
  init(_ name: String = "recorder-1", token: String) throws {
    node = NodeID(unchecked: name)
    let tapes = SharedState()
    self.tapes = tapes
    var router = Router()
    let node = node
    func open(_ pattern: String, _ answer: @escaping @Sendable (Request) throws -> Response) {
      router.add("GET", pattern) { request in
        tapes.requests.withLock { $0 += 1 }
        guard request.header("Authorization") == token else {
          throw Problem(401, "unauthorized", "No.")
        }
        return try answer(request)
      }
    }
    open("/tape/{stream}") { request in
      guard let tape = tapes.value.withLock({ $0[request.parameter("stream")] }) else {
        throw Problem.notFound
      }
      return .json(FakeRecorder.page(tape, request, node))
    }
    open("/tape/{stream}/titles") { request in
      guard let tape = tapes.value.withLock({ $0[request.parameter("stream")] }) else {
        throw Problem.notFound
      }
      let titles = tape.titles.map {
        "{\"at_us\":\($0.at.microseconds),\"title\":\"\($0.title)\"}"
      }
      return .json(
        Array("{\"titles\":[\(titles.joined(separator: ","))]}".utf8))
    }
    open("/tape/{stream}/ledger") { request in
      let query = "\(request.query("from_us") ?? "") \(request.query("to_us") ?? "")"
      let answer = tapes.value.withLock { tapes in
        tapes[request.parameter("stream")]?.ledger?.queries.append(query)
        return tapes[request.parameter("stream")]?.ledger?.answer
      }
      guard let answer else { throw Problem.notFound }
      return .json(answer)
    }
    open("/tape/{stream}/segments/{sequence}") { request in
      let sequence = Int64(request.parameter("sequence")) ?? -1
      guard
        let bytes = tapes.value.withLock({
          $0[request.parameter("stream")]?.contents[sequence]
        })
      else { throw Problem.notFound }
      return .bytes(bytes, contentType: "application/octet-stream")
    }
    open("/tape/{stream}/init/{hash}") { request in
      guard
        let bytes = tapes.value.withLock({
          $0[request.parameter("stream")]?.initialisations[request.parameter("hash")]
        })
      else { throw Problem.notFound }
      return .bytes(bytes, contentType: "video/mp4")
    }
    server = try Server(Server.Configuration(.tcp(host: "127.0.0.1", port: 0))) { [router] in
      await router.respond(to: $0)
    }
  }

  var requests: Int { tapes.requests.withLock { $0 } }

  var heartbeat: Heartbeat {
    Heartbeat(
      node: node, service: "recorder", version: "1", state: .running, startedAt: .epoch,
      progress: 0, residentBytes: 0, http: "127.0.0.1:\(server.port ?? 0)")
  }

  func add(_ segment: TapeSegment, _ bytes: [UInt8], to stream: String) {
    tapes.value.withLock { tapes in
      tapes[stream, default: Tape()].segments.append(segment)
      tapes[stream]?.contents[segment.sequence] = bytes
    }
  }

  func add(_ gap: TapeGap, to stream: String) {
    tapes.value.withLock { $0[stream, default: Tape()].gaps.append(gap) }
  }

  func add(initialisation bytes: [UInt8], _ hash: String, to stream: String) {
    tapes.value.withLock { $0[stream, default: Tape()].initialisations[hash] = bytes }
  }

  func add(titles: [(at: Instant, title: String)], to stream: String) {
    tapes.value.withLock { $0[stream, default: Tape()].titles += titles }
  }

  /// What it answers of a stream's account, whatever the time that is asked for.
  func tell(ledger answer: [UInt8], of stream: String) {
    tapes.value.withLock { $0[stream, default: Tape()].ledger = (answer, []) }
  }

  /// `from_us to_us` of each time that it was asked.
  func ledgerQueries(of stream: String) -> [String] {
    tapes.value.withLock { $0[stream]?.ledger?.queries ?? [] }
  }

  func stop() async { await server.stop() }

  /// A tape of numbered frames: segments of `perSegment` frames with holes in front of the segments
  /// named in `holes`, that many seconds long. Returns when it ends.
  @discardableResult
  func record(
    _ frames: NumberedFrames, as stream: String, from start: Instant, segments count: Int,
    perSegment: UInt64 = 154, holes: [Int: Int64] = [:]
  ) -> Instant {
    var position: UInt64 = 0
    var origin = start
    for index in 0..<count {
      if let hole = holes[index] {
        let end = origin + frames.start(ofFrame: position)
        add(
          TapeGap(
            startUs: end.microseconds, endUs: end.microseconds + hole * 1_000_000,
            cause: "source-closed", detail: "The source closed the connection."), to: stream)
        origin += .seconds(hole)
      }
      let from = origin + frames.start(ofFrame: position)
      let next = position + perSegment
      let length = (origin + frames.start(ofFrame: next)) - from
      let isAAC = frames.contentType == "audio/aac"
      add(
        TapeSegment(
          node: node, sequence: Int64(index), startUs: from.microseconds,
          durationUs: length.microseconds, container: isAAC ? "adts" : "mpeg-audio",
          codec: isAAC ? "aac" : "mp3",
          splice: index == 0 ? "first" : holes[index] == nil ? "continuous" : "after-gap"),
        frames.frames(position..<next), to: stream)
      position = next
    }
    return origin + frames.start(ofFrame: position)
  }

  private static func page(_ tape: Tape, _ request: Request, _ node: NodeID) -> [UInt8] {
    let from = request.query("from_us").flatMap { Int64($0) } ?? 0
    let to = request.query("to_us").flatMap { Int64($0) } ?? .max
    let limit = request.query("limit").flatMap { Int($0) } ?? 1000
    let found = tape.segments.filter { $0.endUs > from && $0.startUs < to }
    let shown = found.prefix(limit)
    let segments = shown.map { segment in
      let map = segment.initialisation.map { ",\"init\":\"\($0)\"" } ?? ""
      return "{\"sequence\":\(segment.sequence),\"start_us\":\(segment.startUs),"
        + "\"duration_us\":\(segment.durationUs),\"bytes\":1,\"container\":\"\(segment.container)\","
        + "\"codec\":\"\(segment.codec)\",\"is_independent\":true,\"splice\":\"\(segment.splice)\""
        + map + "}"
    }
    let gaps = tape.gaps.filter { $0.startUs < to && ($0.endUs ?? .max) > from }.map { gap in
      "{\"start_us\":\(gap.startUs),\"end_us\":\(gap.endUs.map { "\($0)" } ?? "null"),"
        + "\"cause\":\"\(gap.cause)\",\"detail\":\"\(gap.detail)\"}"
    }
    let next =
      found.count > shown.count ? ",\"next_us\":\(found[shown.count].startUs)" : ""
    return Array(
      ("{\"stream\":\"\(request.parameter("stream"))\",\"node\":\"\(node)\",\"segments\":["
        + segments.joined(separator: ",") + "],\"gaps\":[" + gaps.joined(separator: ",")
        + "],\"more\":\(found.count > shown.count)\(next)}").utf8)
  }
}
