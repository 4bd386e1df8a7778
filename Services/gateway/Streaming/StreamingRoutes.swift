import Base
import HTTPServer
import Messages
import Storage

/// `/live`, `/start`: playlists and media of tapes. Members and holders of a signed link may come;
/// no cookie is needed with a link, and pages of other sites may play it.
struct StreamingRoutes {
  let streaming: StreamingService

  func add(to router: inout GuardedRouter) {
    add("/live/{stream}/stream.m3u8", to: &router) { try await live($0) }
    add("/live/{stream}/start/{timestamp}/{duration}/vod.m3u8", to: &router) {
      try await span($0, $0.parameter("timestamp"), $0.parameter("duration"))
    }
    add("/start/{timestamp}/{duration}/vod.m3u8", to: &router) {
      try await span($0, $0.parameter("timestamp"), $0.parameter("duration"))
    }
    add("/live/{stream}/{file}", to: &router) { try await alias($0) }
    add("/live/{stream}/segments/{node}/{file}", to: &router) { try await segment($0) }
    add("/live/{stream}/init/{node}/{file}", to: &router) { try await initialisation($0) }
    add("/listen/{stream}", to: &router) { request in
      try await Listening(streaming: streaming).response(to: try await stream(of: request))
    }
  }

  private func add(
    _ pattern: String, to router: inout GuardedRouter,
    _ handler: @escaping @Sendable (Request) async throws -> Response
  ) {
    router.addShared(
      "GET", pattern,
      admit: { request, key in
        try await streaming.links.check(key, for: try await stream(of: request))
      },
      { request, identity in
        var response = try await handler(request)
        if identity == nil {
          // Safe because nothing but the link's own key opens this.
          response.headers += [
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", "Content-Length, Content-Range"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
          ]
        }
        return response
      })
  }

  // MARK: Playlists

  private func live(_ request: Request) async throws -> Response {
    let longest = Int(LiveDesk.longestWindow.inSeconds)
    let window = try request.number(
      "window", default: Int(LiveDesk.standardWindow.inSeconds), in: 10...longest)
    return try await live(request, window: window)
  }

  private func live(_ request: Request, window: Int) async throws -> Response {
    let stream = try await stream(of: request)
    let style = try style(of: request)
    guard
      let bytes = try await streaming.live.playlist(
        stream, window: .seconds(window), style: style)
    else { throw try await absence(of: stream) }
    if let master = await master(stream, "stream.m3u8", request) { return master }
    // Half a segment: caches in between may join players, and never hold them up.
    return playlist(bytes, cache: "no-cache")
  }

  private func span(
    _ request: Request, _ start: String, _ duration: String
  ) async throws -> Response {
    let stream = try await stream(of: request)
    let style = try style(of: request)
    let now = streaming.time.now()
    let span = try SpanRequest(start: start, duration: duration, now: now)
    let reading = await streaming.reader.read(
      stream, from: span.from, to: min(span.to, now + .seconds(60)))
    if reading.isEmpty, reading.isPartial { throw StreamingRoutes.nobodyAnswers }
    if let master = await master(stream, "start/\(start)/\(duration)/vod.m3u8", request) {
      return master
    }
    let edge = TapeEdge(
      now: now, gaps: reading.gaps, isAlone: reading.isAlone, patience: RangePlaylist.patience)
    let outcome = RangePlaylist(stream: stream, from: span.from, to: span.to).make(
      TapeMerge(reading.answers).segments, edge: edge, isPartial: reading.isPartial, style: style)
    switch outcome {
    case .playlist(let bytes, let isComplete):
      return playlist(bytes, cache: isComplete ? "private, max-age=60" : "no-cache")
    case .nothing(let sentence): throw Problem(404, "nothing_there", sentence)
    }
  }

  private func alias(_ request: Request) async throws -> Response {
    switch PlaylistAlias(request.parameter("file")) {
    case .span(let start, let duration): return try await span(request, start, duration)
    case .rewind(let seconds):
      let longest = Int(LiveDesk.longestWindow.inSeconds)
      return try await live(request, window: min(max(seconds, 10), longest))
    case nil: throw Problem.notFound
    }
  }

  /// Where the sound is apart and nobody asks for the picture alone.
  private func master(
    _ stream: StreamID, _ file: String, _ request: Request
  ) async -> Response? {
    guard request.query("tracks") == nil,
      let bandwidth = await streaming.reader.bandwidthBesideSound(of: stream)
    else { return nil }
    let master = MasterPlaylist(
      stream: stream, file: file, query: request.query, bandwidth: bandwidth)
    return playlist(master.bytes, cache: "no-cache")
  }

  private func playlist(_ bytes: [UInt8], cache: String) -> Response {
    Response.bytes(bytes, contentType: "application/vnd.apple.mpegurl")
      .with("Cache-Control", cache)
  }

  // MARK: Media

  private func segment(_ request: Request) async throws -> Response {
    guard let name = MediaName(request.parameter("file")), name.container != .initialisation
    else { throw Problem.notFound }
    return try await media(request) { .made($0, $1, name) }
  }

  /// Of an initialisation section as stored, or of one that is made for the run that begins with a
  /// segment.
  private func initialisation(_ request: Request) async throws -> Response {
    let file = request.parameter("file")
    if let name = MediaName(file), name.container == .initialisation {
      return try await media(request) { .made($0, $1, name) }
    }
    let hash = String(file.dropLast(4))
    let isHash = hash.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    guard file.hasSuffix(".mp4"), hash.utf8.count == 64, isHash else { throw Problem.notFound }
    return try await media(request) { .initialisation($0, $1, hash: hash) }
  }

  private func media(
    _ request: Request, _ item: (StreamID, NodeID) -> SegmentStore.Item
  ) async throws -> Response {
    let node: NodeID = try request.identifier("node")
    let stream = try await stream(of: request)
    let media = try await streaming.segments.media(item(stream, node))
    // Segments never change under their names; a link's address may be kept by caches in between.
    let scope = request.query("key") == nil ? "private" : "public"
    return Response.bytes(media.bytes, contentType: media.contentType)
      .with("Cache-Control", "\(scope), max-age=86400, immutable")
      .with("ETag", "\"\(request.parameter("file"))\"")
      .part(for: request)
  }

  // MARK: What is asked for

  /// By the path, by `?stream=`, or the only one that there is.
  @Sendable private func stream(of request: Request) async throws -> StreamID {
    if !request.parameter("stream").isEmpty { return try request.identifier("stream") }
    if let named: StreamID = try request.identifier(query: "stream") { return named }
    let all = try await streaming.database.read(StreamCatalog.all)
    guard all.count == 1, let only = all.first else {
      throw Problem(
        422, "invalid", "Say which stream: …/vod.m3u8?stream=<id>.", field: "stream")
    }
    return only.stream.id
  }

  private func style(of request: Request) throws(Problem) -> PlaylistStyle {
    var style = PlaylistStyle(key: request.query("key"))
    switch request.query("format") {
    case nil, "ts": break
    case "fmp4": style.container = .fragmentedMP4
    default:
      throw Problem(422, "invalid", "The format must be ts or fmp4.", field: "format")
    }
    switch request.query("gaps") {
    case nil, "discontinuity": break
    case "gap": style.showsGaps = true
    default:
      throw Problem(422, "invalid", "gaps must be discontinuity or gap.", field: "gaps")
    }
    return style
  }

  private func absence(of stream: StreamID) async throws -> Problem {
    let now = streaming.time.now()
    let reading = await streaming.reader.read(
      stream, from: now - .seconds(60), to: now, remembers: false)
    if reading.answers.isEmpty, reading.isPartial { return StreamingRoutes.nobodyAnswers }
    let known = try await streaming.database.read { try StreamCatalog.find(stream, $0) }
    guard let known else {
      return Problem(404, "not_found", "There is no stream '\(stream)'.")
    }
    let sentence =
      reading.gaps.last.map { "It is wanted, but nothing comes: \($0.detail)" }
      ?? known.status?.reason ?? "It is captured only while something is to be recorded."
    return Problem(404, "not_live", "'\(stream)' is not being captured now. \(sentence)")
  }

  private static let nobodyAnswers = Problem(
    503, "recorder_silent", "No recorder answers now; see whether they are running.",
    retryAfterSeconds: 2)
}
