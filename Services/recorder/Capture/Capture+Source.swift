import Base
import HTTPClient
import Media
import Messages
import Metrics
import Storage
import Synchronization

/// The capture's connection: from an address to frames on the tape.
extension Capture {
  func connect(to url: String) {
    dropHandover()
    if adoptHeldLine() { return }
    address = url
    beginReading()
    watch.connected(to: policy.address)
    book.connecting(tapeEnd: tapeEnd)
    tape?.assembler.connected()
    log.info("connecting", ("url", Redactor.redact(url)))
    connection = open(url)
  }

  func open(_ url: String) -> CaptureConnection { open(url, as: sourceDefinition) }

  func open(_ url: String, as definition: StreamDefinition) -> CaptureConnection {
    let request = SourceRequest(
      url, of: definition, connectTimeout: environment.settings.limits.connect)
    let connection = makeConnection()
    connection.attach(environment.opener.open(request, into: connection))
    return connection
  }

  func makeConnection() -> CaptureConnection {
    CaptureConnection(time: environment.time) { [weak self] connection in
      guard let self else { return }
      lane.hand(connection, to: self)
    }
  }

  /// Lets go of the connection; its last whole frames are kept.
  func disconnect() {
    dropProbe()
    dropHandover()
    dropTrial()
    leave()
    forgetPage()
  }

  /// `isSucceeded`: by another connection, which brings again what this one has begun.
  func leave(isSucceeded: Bool = false) {
    endHLS()
    guard let connection else { return }
    self.connection = nil
    connection.cancel()
    let rest = connection.take()
    consume(rest.bytes, arrival: rest.arrival)
    // The beginning of a chunk would stand on the tape twice where the whole of it comes again.
    if reader.transport == nil || !(isSucceeded || connection.isLeftBehind) {
      _ = reader.finish { scanner in place(scanner, arrival: nil) }
    }
    place(reader.takeChunks(), arrival: nil)
    endTransport()
    withTape { tape, emit in tape.assembler.disconnected(emit) }
    closeSegment()
    collectRows()
  }

  /// Takes what the connection has brought; `writeRows` follows.
  func drain(_ connection: CaptureConnection) {
    if connection === probe?.connection { drainProbe() }
    if connection === handover.successor?.connection { drainSuccessor() }
    if connection === renewal?.connection { drainRenewal() }
    if connection === watch.trial?.probe.connection { drainTrial() }
    guard connection === self.connection else { return }
    let batch = connection.take()
    if let head = batch.head {
      watch.ladder.note(station: head.station)
      let finding = reader.take(head)
      if let bookmark = resumeAt { reader.resume(at: bookmark) }
      resumeAt = nil
      if case .audio = finding {} else { return follow(finding) }
    }
    if !batch.bytes.isEmpty, let arrival = batch.arrival {
      consume(batch.bytes, arrival: arrival)
    }
    if let end = batch.end, connection === self.connection { finish(end) }
    collectRows()
    report()
  }

  // MARK: - The second connection

  /// Beside a silent connection.
  func startProbe(at index: Int) {
    dropTrial()
    let url = url(ofAddress: index)
    log.info("connecting beside the silent connection", ("url", Redactor.redact(url)))
    probe = CaptureProbe(connection: open(url), address: url)
  }

  func dropProbe() {
    probe?.connection.cancel()
    probe = nil
  }

  private func drainProbe() {
    guard var probe else { return }
    let found = probe.take(probe.connection.take())
    self.probe = probe
    let now = environment.time.monotonic()
    switch found {
    case .nothing: break
    case .frames: perform(policy.handle(.probeFrames, now: now))
    case .failed(let failure): perform(policy.handle(.probeFailed(failure), now: now))
    // A list in the place of a stream that has only fallen silent is no help.
    case .moved: probeIsNoStream(.playlist, probe, now)
    case .hls, .resolved: probeIsNoStream(.hls, probe, now)
    }
  }

  private func probeIsNoStream(_ kind: ContentKind, _ probe: CaptureProbe, _ now: Monotonic) {
    let failure = SourceFailure.unusable(kind, contentType: probe.head?.headers["Content-Type"])
    perform(policy.handle(.probeFailed(failure), now: now))
  }

  /// What it brought so far is played back as if it came now, with the times at which it came.
  func promoteProbe() {
    guard let probe else { return }
    self.probe = nil
    adopt(probe)
  }

  /// `isAtOnce`: both connections brought the same time, so where they join shows only when all of the
  /// new one is seen; piece by piece it would be judged by arrival before.
  func adopt(_ probe: CaptureProbe, isAtOnce: Bool = false) {
    leave()
    address = probe.address
    beginReading()
    watch.connected(to: policy.address)
    book.connecting(tapeEnd: tapeEnd)
    tape?.assembler.connected()
    connection = probe.connection
    if let head = probe.head {
      watch.ladder.note(station: head.station)
      _ = reader.take(head)
    }
    for (bytes, arrival) in isAtOnce ? probe.whole : probe.pieces
    where connection === probe.connection {
      consume(bytes, arrival: arrival)
    }
  }

  func consume(_ bytes: [UInt8], arrival: MediaTimeline.Arrival?) {
    guard !bytes.isEmpty else { return }
    let now = environment.time.monotonic()
    let before = reader.frames
    let title = reader.title
    watch.ladder.note(bytes: bytes.count)
    let finding = reader.take(bytes) { scanner in place(scanner, arrival: arrival) }
    // The connection was let go of while its last bytes were being taken.
    guard connection != nil else { return }
    place(reader.takeChunks(), arrival: arrival)
    let hasFrames = reader.frames > before
    perform(policy.handle(hasFrames ? .frames : .bytes, now: now))
    if reader.title != title {
      log.info("title", ("title", reader.title ?? ""))
      reporter.note(title: reader.title)
    }
    noteTitle()
    follow(finding)
  }

  func follow(_ finding: SourceReader.Finding) {
    switch finding {
    case .audio: break
    case .unusable(let failure): fail(failure)
    case .hls: relay(address)
    case .resolved(let source): follow(source)
    case .moved(let url):
      playlistDepth += 1
      guard playlistDepth <= 3 else {
        return fail(.unusable(.playlist, contentType: reader.contentType))
      }
      listed = reader.fallbacks + listed
      connection?.cancel()
      connect(to: url)
    }
  }

  func finish(_ end: CaptureConnection.End) {
    if reader.frames == 0, case .byServer = end {
      switch reader.finish(scanned: { _ in }) {
      case .moved(let url): return follow(.moved(url))
      case .resolved(let source): return follow(.resolved(source))
      case .hls: return follow(.hls)
      case .unusable(let failure): return fail(failure)
      case .audio: break
      }
    }
    switch end {
    case .byServer: fail(.closed)
    case .byFailure(let failure): fail(failure)
    }
  }

  func fail(_ failure: SourceFailure) {
    log.warning("source failed", ("reason", failure.sentence))
    // What a list names is tried in order before the list itself is asked again.
    if reader.frames == 0, hls == nil, connection != nil, !listed.isEmpty {
      connection?.cancel()
      return connect(to: listed.removeFirst())
    }
    if handover.isSourceChanged {
      noteOutage(failure)
      return replaceSource()
    }
    if takeOverAtOnce() { return }
    perform(policy.handle(.failed(failure), now: environment.time.monotonic()))
  }

  /// Puts the scanned frames on the tape.
  func place(_ scanner: borrowing FrameScanner, arrival: MediaTimeline.Arrival?) {
    guard !scanner.frames.isEmpty else { return }
    listedLatency = .zero
    let arrival =
      arrival
      ?? MediaTimeline.Arrival(
        wall: environment.time.now(), monotonic: environment.time.monotonic())
    let frames = scanner.frames
    notePreambles(scanner)
    watch.note(frames, arrival: arrival)
    if let longest = frames.max(by: { $0.samples < $1.samples }) {
      book.came(longest.format.duration(ofSamples: Int64(longest.samples)))
    }
    scanner.withBytes { window in
      withTape { tape, emit in tape.assembler.take(frames, window, arrival: arrival, emit) }
    }
    if let format = tape?.assembler.format { reporter.note(format: format, frames: frames) }
  }

  /// Each segment of an Ogg stream begins with the header pages that its pages need.
  private func notePreambles(_ scanner: borrowing FrameScanner) {
    for frame in scanner.frames where preambles[frame.format.setup] == nil {
      guard let preamble = scanner.preamble(of: frame.format) else { continue }
      // A station that chains its streams makes a new one for every title.
      if preambles.count > 8 {
        preambles = preambles.filter { $0.key == tape?.assembler.format?.setup }
      }
      preambles[frame.format.setup] = preamble
    }
  }

  func withTape(_ body: (LoadedTape, TapeAssembler.Emit) -> Void) {
    guard let tape else { return }
    let now = environment.time.monotonic()
    body(tape) { output in
      switch output {
      case .cut(let position, let joins): noteCut(at: position, joins: joins)
      case .begin(let start, let format, let splice):
        tape.writer.begin(start: start, format: format, splice: splice, now: now)
        if let preamble = preambles[format.setup] {
          preamble.withUnsafeBytes { tape.writer.append($0, frames: 0, samples: 0, now: now) }
        }
        if splice == .ambiguous { watch.counts.uncertainSplices += 1 }
        if splice != .continuous {
          log.info("tape goes on", ("from", start), ("splice", splice.rawValue))
        }
      case .append(let bytes, let frames, let samples):
        tape.writer.append(bytes, frames: frames, samples: samples, now: now)
      case .relabel(let start): tape.writer.relabel(start: start)
      case .contact(let start):
        changes += book.contact(at: start)
      case .leftOut(let start, let end):
        log.warning("source left out audio", ("from", start), ("to", end))
        changes.append(
          .gap(
            Gap(
              start: start, end: end, cause: .sourceStalled,
              detail: "The station sent nothing for a while and went on without closing.")))
      case .heldBack(let bytes, let start, let format):
        if tape.waiting.isEmpty, let preamble = preambles[format.setup] {
          preamble.withUnsafeBytes {
            tape.waiting.append(
              $0, start: start, sequence: tape.writer.nextSequence, codec: format.codec, now: now)
          }
        }
        tape.waiting.append(
          bytes, start: start, sequence: tape.writer.nextSequence, codec: format.codec, now: now)
      case .placed:
        tape.waiting.placed()
        tape.writer.sync(now: now)
        if tape.writer.isSafe { tape.waiting.removePlaced() }
      case .clockStepped(let old, let new):
        log.warning("the system clock was set", ("from", old), ("to", new))
        changes += book.clockSet(from: old, to: new)
      }
    }
  }
}
