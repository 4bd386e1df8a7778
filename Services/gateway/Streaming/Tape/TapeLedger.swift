import Base
import FoundationEssentials
import HTTPClient

/// The ledger of a stream over all recorders: every wanted microsecond is captured by one of them, or a
/// gap with a cause; the two add up to what was wanted. A value.
struct TapeLedger: Encodable, Hashable, Sendable {
  struct Span: Encodable, Hashable, Sendable {
    enum Kind: String, Encodable, Hashable, Sendable { case captured, gap }

    var start: Instant
    var end: Instant
    var kind: Kind
    var cause: String?
    var detail: String?
  }

  let from: Instant
  let to: Instant
  private(set) var wantedUs: Int64 = 0
  private(set) var capturedUs: Int64 = 0
  private(set) var gapUs: Int64 = 0
  private(set) var spans: [Span] = []
  /// Why there may be more than is told here, in one sentence.
  var problem: String?

  /// `answers`: what each recorder says, its spans in order and none overlapping another.
  init(_ answers: [[Span]], from: Instant, to: Instant) {
    self.from = from
    self.to = to
    let edges = Set(answers.joined().flatMap { [$0.start, $0.end] }).sorted()
    var next = answers.map { _ in 0 }
    for (start, end) in zip(edges, edges.dropFirst()) {
      var best: Span?
      for (index, spans) in answers.enumerated() {
        while next[index] < spans.count, spans[next[index]].end <= start { next[index] += 1 }
        guard next[index] < spans.count, spans[next[index]].start <= start else { continue }
        let span = spans[next[index]]
        // What one has nobody lacks.
        if best == nil || span.kind == .captured { best = span }
      }
      guard var span = best else { continue }
      (span.start, span.end) = (start, end)
      add(span)
    }
  }

  private mutating func add(_ span: Span) {
    let duration = (span.end - span.start).microseconds
    wantedUs += duration
    switch span.kind {
    case .captured: capturedUs += duration
    case .gap: gapUs += duration
    }
    if let last = spans.last, last.end == span.start, last.kind == span.kind,
      last.cause == span.cause, last.detail == span.detail
    {
      spans[spans.count - 1].end = span.end
    } else {
      spans.append(span)
    }
  }
}

extension TapeClient {
  private struct Answer: Decodable {
    struct Span: Decodable {
      let startUs: Int64
      let endUs: Int64
      let kind: String
      let cause: String?
      let detail: String?
    }

    let spans: [Span]
  }

  /// What the recorder's ledger says of [from, to); nothing where it never wanted the stream.
  func ledger(
    of recorder: Recorder, stream: StreamID, from: Instant, to: Instant
  ) async throws -> [TapeLedger.Span] {
    let path =
      "/tape/\(stream)/ledger?from_us=\(max(0, from.microseconds))&to_us=\(to.microseconds)"
    let response = try await get(path, from: recorder, timeout: .seconds(20))
    if response.status == 404 { return [] }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let answer = try decoder.decode(Answer.self, from: Data(try response.checked()))
    return answer.spans.map {
      TapeLedger.Span(
        start: Instant(microseconds: $0.startUs), end: Instant(microseconds: $0.endUs),
        kind: $0.kind == "captured" ? .captured : .gap, cause: $0.cause, detail: $0.detail)
    }
  }
}

extension TapeReader {
  /// The ledger of all recorders that answer.
  func ledger(of stream: StreamID, from: Instant, to: Instant) async -> TapeLedger {
    let known = await recorders()
    let answers = await withTaskGroup(of: [TapeLedger.Span]?.self) { group in
      for recorder in known {
        group.addTask {
          try? await self.client.ledger(of: recorder, stream: stream, from: from, to: to)
        }
      }
      var answers: [[TapeLedger.Span]] = []
      for await answer in group { if let answer { answers.append(answer) } }
      return answers
    }
    var ledger = TapeLedger(answers, from: from, to: to)
    if answers.isEmpty {
      ledger.problem = "No recorder answers now; see whether they are running."
    } else if answers.count < known.count {
      ledger.problem = "Not every recorder answers now; what only the silent ones know is not told."
    }
    return ledger
  }
}
