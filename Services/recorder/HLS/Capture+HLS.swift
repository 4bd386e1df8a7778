import Base
import HTTPClient
import Media
import Messages
import Storage

/// The capture of an HLS or DASH stream: carries out what `HLSReloadPolicy` says.
extension Capture {
  /// The address is an HLS playlist: from now on its segments are fetched.
  func relay(_ url: String) {
    connection?.cancel()
    connection = nil
    closeSegment()
    collectRows()
    relays += 1
    perform(policy.handle(.relayed, now: environment.time.monotonic()))
    let relay = relays
    Task { await openHLS(url, relay) }
  }

  /// Reads where the tape ends, and since when somebody needs the stream.
  private func openHLS(_ url: String, _ relay: Int) async {
    let stream = stream
    do {
      // The sound of a stream is wanted for as long as its picture is.
      let owner = stream.owner
      let (newest, starts) = try await environment.database.read { transaction in
        (
          try SegmentCatalog.last(stream, count: HLSReloadPolicy.memory, transaction),
          try RecordingCatalog.unfinished(transaction)
            .filter { $0.plan.stream == owner && $0.phase != .placing }.map(\.plan.paddedStart)
        )
      }
      guard relay == relays, hls == nil, connection == nil, isWanted else { return }
      // Rows that the database has not taken yet are on the tape all the same.
      let waiting = changes.compactMap { change in
        if case .segment(let segment) = change { segment } else { nil }
      }
      let tape = Array((waiting.reversed() + newest).prefix(HLSReloadPolicy.memory))
      let next = max((tape.first?.sequence ?? -1) + 1, self.tape?.writer.nextSequence ?? 0)
      let session = HLSSession(
        policy: HLSReloadPolicy(
          resume: HLSResume(tape), tapeEnd: tape.map(\.end).max(), nextSequence: next,
          since: ([wantedAt] + starts).min() ?? wantedAt, outage: outage,
          seed: UInt64(bitPattern: environment.time.monotonic().nanoseconds)),
        fetcher: HLSFetcher(
          client: environment.client, definition: sourceDefinition,
          connectTimeout: environment.settings.limits.connect), address: url, relay: relay)
      if resolved != nil { session.policy.count.forgetIdentities() }
      hls = session
      log.info("capturing by playlist", ("url", Redactor.redact(url)))
      performHLS(session.policy.handle(.begin, now: environment.time.monotonic()))
    } catch {
      guard relay == relays, isWanted else { return }
      fail(
        SourceFailure(
          .diskFault, "The tape's records cannot be read: \(error); capturing starts when they can."
        ))
    }
  }

  func endHLS() {
    relays += 1
    guard let hls else { return }
    listedEnd = hls.policy.tapeEnd
    listedLatency = hls.policy.latency
    self.hls = nil
    hls.cancel()
  }

  func tickHLS(_ now: Monotonic) {
    guard let hls else { return }
    let blocked = media.isFull ? media.fault : nil
    performHLS(hls.policy.handle(.tick(blocked: blocked), now: now))
  }

  private func performHLS(_ actions: [HLSReloadPolicy.Action]) {
    for action in actions {
      guard let hls else { return }
      switch action {
      case .load:
        let relay = hls.relay
        hls.loading = Task { [weak self] in await self?.load(relay) }
      case .fetch(let entry):
        let relay = hls.relay
        hls.tasks[entry.sequence] = Task { [weak self] in await self?.fetch(entry, relay) }
      case .gap(let gap):
        log.warning("audio is missing", ("from", gap.start), ("to", gap.end), ("why", gap.detail))
        changes.append(.gap(gap))
      case .outage(let failure):
        log.warning("source failed", ("reason", failure.sentence))
        noteOutage(failure)
      case .resumed(let start):
        changes += book.listed(from: start)
      case .report(let state, let reason):
        if state == .capturing {
          perform(policy.handle(.frames, now: environment.time.monotonic()))
        }
        reporter.note(state, reason: reason)
        report()
      case .giveUp(let failure):
        // The next time another variant is tried.
        if !hls.policy.hasLoaded, let uri = hls.variant?.uri { deadVariants.insert(uri) }
        fail(failure)
      }
    }
  }

  // MARK: - The playlist

  private func load(_ relay: Int) async {
    guard let session = hls, session.relay == relay else { return }
    do throws(HLSFetcher.Failure) {
      let (listing, from) = try await session.fetcher.listing(
        session.mediaAddress ?? session.address, imported: session.definitions)
      guard session === hls else { return }
      switch listing.playlist(&session.numbers, at: environment.time.now()) {
      case .master(let master): choose(from: master, from, session)
      case .media(let media): take(media, from, session)
      }
    } catch {
      guard session === hls else { return }
      performHLS(
        session.policy.handle(
          .loadFailed(error.failure), now: environment.time.monotonic()))
    }
    await writeRows()
  }

  private func choose(from master: HLSMasterPlaylist, _ address: String, _ session: HLSSession) {
    let limits = HLSVariantPolicy(definition)
    var living = master
    living.variants.removeAll { deadVariants.contains($0.uri) }
    if living.variants.isEmpty {
      deadVariants = []
      living = master
    }
    guard session.mediaAddress == nil, let choice = limits.choose(from: living) else {
      return fail(
        SourceFailure(
          .sourceRefused, "The station's playlist offers nothing that can be captured.",
          pace: .slow))
    }
    session.variant = choice.variant
    session.definitions = master.definitions
    session.mediaAddress = URIReference.resolve(choice.variant.uri, in: address)
    log.info(
      "variant chosen", ("height", choice.variant.height.map { "\($0)" } ?? "none"),
      ("bits_per_second", choice.variant.bandwidth ?? 0),
      ("codecs", choice.variant.codecs ?? "unknown"))
    if let remark = choice.remark { log.warning("variant", ("remark", remark)) }
    let sound = choice.sound?.uri.map { URIReference.resolve($0, in: address) }
    if let sound {
      log.info(
        "sound is offered apart", ("name", choice.sound?.name ?? ""),
        ("url", Redactor.redact(sound)))
    }
    environment.onSound(definition, sound)
    performHLS([.load])
  }

  private func take(_ playlist: HLSMediaPlaylist, _ address: String, _ session: HLSSession) {
    let keys = playlist.segments.lazy.compactMap { HLSFetcher.refusal($0.key) }
    if let refusal = keys.first { return fail(refusal) }
    if playlist.isIFramesOnly {
      return fail(
        SourceFailure(
          .sourceRefused,
          "The playlist offers single pictures only; use the address of the stream itself.",
          pace: .patient))
    }
    performHLS(
      session.policy.handle(
        .loaded(playlist, from: address, wall: environment.time.now()),
        now: environment.time.monotonic()))
  }

  // MARK: - Segments

  private func fetch(_ entry: HLSEntry, _ relay: Int) async {
    guard let session = hls, session.relay == relay else { return }
    do throws(HLSFetcher.Failure) {
      let section = try await session.section(of: entry)
      let key = try await session.key(entry.keyAddress)
      let fetched = try await session.fetcher.segment(
        entry, section: section, key: key, allowance: session.policy.target * 3)
      guard session === hls else { return }
      try store(fetched, entry, session)
    } catch {
      guard session === hls else { return }
      log.debug(
        "segment failed", ("number", entry.number), ("reason", error.failure.sentence))
      performHLS(
        session.policy.handle(
          .fetchFailed(entry, error.failure, isGone: error.isGone),
          now: environment.time.monotonic()))
    }
    session.tasks[entry.sequence] = nil
    collectRows()
    report()
    await writeRows()
  }

  private func store(
    _ fetched: HLSFetcher.Fetched, _ entry: HLSEntry, _ session: HLSSession
  ) throws(HLSFetcher.Failure) {
    let told = entry.segment.duration
    let measured = fetched.inspection.duration
    // A proxy may hand out the beginning of a file as if it were the whole.
    if let measured, measured < told / 2, session.suspects[entry.sequence] != fetched.bytes.count {
      session.suspects[entry.sequence] = fetched.bytes.count
      throw HLSFetcher.Failure(
        SourceFailure(
          .sourceGarbled,
          "A segment lasts \(measured.inSeconds) s in place of \(told.inSeconds) s."))
    }
    session.suspects[entry.sequence] = nil
    let content = MediaContent(
      container: fetched.inspection.container,
      duration: HLSSession.duration(told: told, measured: measured),
      codecs: fetched.inspection.codecs ?? session.variant?.codecs ?? "",
      height: fetched.inspection.height ?? session.variant?.height,
      initialisation: fetched.initialisation.map { hexadecimal(SHA256.hash($0)) },
      isIndependent: fetched.inspection.isIndependent, mediaSequence: entry.number,
      discontinuity: entry.segment.discontinuitySequence, address: entry.identity)
    let segment = Segment(
      stream: stream, sequence: entry.sequence, start: entry.start,
      bytes: Int64(fetched.bytes.count), content: .media(content),
      path: MediaPath.path(
        stream, start: entry.start, sequence: entry.sequence, mediaSequence: entry.number,
        container: content.container), splice: entry.splice,
      digest: ByteDigest(of: fetched.bytes).value)
    let now = environment.time.monotonic()
    tape?.writer.reserve(before: entry.sequence + 1)
    media.put(
      MediaStore.Held(
        segment: segment, bytes: fetched.bytes, initialisation: fetched.initialisation), now: now)
    reporter.note(content, bytes: segment.bytes)
    collectRows()
    performHLS(session.policy.handle(.stored(entry), now: now))
  }
}

extension HLSVariantPolicy {
  /// What a stream's definition wants.
  init(_ definition: StreamDefinition) {
    self.init(
      maximumHeight: definition.maximumHeight,
      maximumBitsPerSecond: definition.maximumBitsPerSecond,
      soundLanguage: definition.soundLanguage)
  }
}

extension HLSSession {
  /// What the playlist says, because its sums are exact; unless that is far from the truth.
  static func duration(told: Duration, measured: Duration?) -> Duration {
    guard let measured, measured > .zero else { return told }
    let difference = told > measured ? told - measured : measured - told
    return difference <= max(.milliseconds(500), measured / 5) ? told : measured
  }
}
