import Base

/// Reads a stream's tape from all recorders at once.
///
/// Closed segments do not change, so what a recorder said of a long span is remembered: the next
/// question for the same span asks for its end only, and a recorder that is being restarted takes
/// nothing out of a playlist that players hold already.
actor TapeReader {
  struct Reading: Sendable {
    var answers: [TapeAnswer]
    /// A recorder that may have more did not answer.
    var isPartial: Bool
    /// No other recorder than the one in `answers` can have anything.
    var isAlone: Bool

    var gaps: [TapeGap] { answers.flatMap(\.gaps) }
    var isEmpty: Bool { answers.allSatisfy { $0.segments.isEmpty && $0.gaps.isEmpty } }
  }

  /// How far back a recorder may still add something: an HLS source's playlist reaches some minutes.
  private static let backfill = Duration.seconds(600)
  /// How often the same span is read again.
  private static let freshness = Duration.milliseconds(900)
  /// Segments that are remembered; about 200 bytes each.
  private static let memoryLimit = 500_000

  private struct Span: Hashable {
    var node: NodeID
    var stream: StreamID
    var from: Instant
  }

  private struct Memory {
    var answer: TapeAnswer
    /// How far it was asked for.
    var to: Instant
    var readAt: Instant
  }

  let client: TapeClient
  let recorders: @Sendable () async -> [TapeClient.Recorder]
  private let time: any TimeSource
  private let log: Logger
  private var memory: [Span: Memory] = [:]
  /// Streams whose sound is apart, and what both need in bits per second; as last read.
  private var apart: [StreamID: Int64] = [:]

  init(
    client: TapeClient, time: any TimeSource, log: Logger,
    recorders: @escaping @Sendable () async -> [TapeClient.Recorder]
  ) {
    self.client = client
    self.time = time
    self.log = log
    self.recorders = recorders
  }

  /// What all recorders have of [from, to). `remembers`: the same beginning will be asked for again.
  func read(
    _ stream: StreamID, from: Instant, to: Instant, remembers: Bool = true
  ) async -> Reading {
    let known = await recorders()
    let answers = await withTaskGroup(of: TapeAnswer?.self) { group in
      for recorder in known {
        group.addTask {
          await self.answer(of: recorder, stream, from: from, to: to, remembers: remembers)
        }
      }
      var answers: [TapeAnswer] = []
      for await answer in group { if let answer { answers.append(answer) } }
      return answers.sorted { $0.node < $1.node }
    }
    if let bandwidth = answers.compactMap(\.bandwidthBesideSound).max() {
      apart[stream] = bandwidth
    }
    let telling = answers.filter { !$0.segments.isEmpty || !$0.gaps.isEmpty }
    let isPartial = answers.count < known.count || known.isEmpty
    return Reading(
      answers: telling, isPartial: isPartial, isAlone: telling.count <= 1 && !isPartial)
  }

  /// What picture and sound need, in bits per second, where the stream's sound has a tape of its own;
  /// known once the stream was read.
  func bandwidthBesideSound(of stream: StreamID) -> Int64? { apart[stream] }

  private func answer(
    of recorder: TapeClient.Recorder, _ stream: StreamID, from: Instant, to: Instant,
    remembers: Bool
  ) async -> TapeAnswer? {
    let span = Span(node: recorder.node, stream: stream, from: from)
    let now = time.now()
    let known = memory[span]
    if let known, isFresh(known, until: to, now) { return known.answer.until(to) }
    guard recorder.isAlive else { return known?.answer.until(to) }
    let start = known.map { max(from, min($0.to, $0.readAt - TapeReader.backfill)) } ?? from
    do {
      var answer = try await client.answer(of: recorder, stream: stream, from: start, to: to)
      if let known { answer = known.answer.until(start).followed(by: answer) }
      if remembers, !answer.segments.isEmpty {
        memory[span] = Memory(answer: answer, to: to, readAt: now)
        forget()
      }
      return answer
    } catch {
      log.warning(
        "a recorder's tape could not be read", ("node", recorder.node), ("stream", stream),
        ("reason", "\(error)"))
      return known?.answer.until(to)
    }
  }

  private func isFresh(_ known: Memory, until to: Instant, _ now: Instant) -> Bool {
    guard known.to >= to else { return false }
    let age = now - known.readAt
    if age < TapeReader.freshness, age >= .zero { return true }
    return known.readAt - to > TapeReader.backfill && age < .seconds(60)
  }

  private func forget() {
    while memory.count > 1,
      memory.values.reduce(0, { $0 + $1.answer.segments.count }) > TapeReader.memoryLimit,
      let oldest = memory.min(by: { $0.value.readAt < $1.value.readAt })
    {
      memory[oldest.key] = nil
    }
  }
}

extension TapeAnswer {
  /// What of it begins before the instant.
  fileprivate func until(_ end: Instant) -> TapeAnswer {
    guard let last = segments.last, last.start >= end else { return self }
    return TapeAnswer(
      node: node, segments: segments.filter { $0.start < end },
      gaps: gaps.filter { $0.startUs < end.microseconds })
  }

  /// With a later answer, which knows better where both speak of the same.
  fileprivate func followed(by later: TapeAnswer) -> TapeAnswer {
    let newSegments = Set(later.segments.map(\.sequence))
    let newGaps = Set(later.gaps.map(\.startUs))
    return TapeAnswer(
      node: node,
      segments: segments.filter { !newSegments.contains($0.sequence) } + later.segments,
      gaps: gaps.filter { !newGaps.contains($0.startUs) } + later.gaps)
  }
}
