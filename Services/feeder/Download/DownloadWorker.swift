internal import Base
internal import Glibc
internal import HTTPClient
internal import Messages

/// Carries out one try after another on a thread of its own, since it writes files: receives into the
/// temporary name, from where the last try broke off if the server has the same file still, and checks
/// what is there.
///
/// Never touches a finished file.
actor DownloadWorker {
  static let redirectLimit = 10
  static let startBytes = 4096

  private let thread: DedicatedThread
  private let client: HTTPClient
  private let userAgent: String
  private let probe: MediaProbe
  private let largest: Int64
  private let time: any TimeSource

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(
    named name: String, client: HTTPClient, userAgent: String, probe: MediaProbe, largest: Int64,
    time: any TimeSource
  ) {
    thread = DedicatedThread(named: name)
    self.client = client
    self.userAgent = userAgent
    self.probe = probe
    self.largest = largest
    self.time = time
  }

  func run(
    _ task: DownloadTask, _ callbacks: DownloadCallbacks
  ) async throws(DownloadError) -> CheckedFile {
    do {
      try Syscall.makeFolders(task.folder)
      try Self.refuseLink(task.folder)
      let part = try PartFile(task.partPath)
      let (contentType, total) = try await receive(task, part, callbacks)
      try part.sync()
      await callbacks.onBytes()
      return try await check(task, part, contentType: contentType, total: total)
    } catch let error as DownloadError {
      // What was refused is of no use to the next try.
      if [.content, .truncated, .changed, .forbidden].contains(error.kind) {
        unlink(task.partPath)
      }
      throw error
    } catch let error as HTTPError {
      throw DownloadError(error)
    } catch let error as SystemError {
      throw DownloadError(
        .disk, "the archive's folder cannot be written: \(error); make room or mend its rights")
    } catch {
      throw DownloadError(.disk, "the catalogue cannot be written: \(error)")
    }
  }

  // MARK: - Receiving

  private func receive(
    _ task: DownloadTask, _ part: PartFile, _ callbacks: DownloadCallbacks
  ) async throws -> (contentType: String?, total: Int64?) {
    let row = task.row
    let validator = row.partURL == row.url ? row.partValidator : nil
    if validator == nil, part.size > 0 { try part.restart() }
    let stream = try await ask(task, from: part.size, validator: validator)
    let head = stream.head
    var total: Int64?
    switch head.status {
    case 206:
      guard let range = ContentRange(head.headers["Content-Range"]), range.start == part.size else {
        throw DownloadError(.changed, "the server sent another part of the file than was asked for")
      }
      total = range.total
    case 200:
      if part.size > 0 { try part.restart() }
      total = head.headers["Content-Length"].flatMap { Int64($0) }
    case 416 where part.size > 0:
      if ContentRange.total(of: head.headers["Content-Range"]) == part.size {
        return (row.type, part.size)
      }
      throw DownloadError(.changed, "the file on the server has become shorter")
    default: throw refusal(head)
    }
    if let total, total > largest {
      throw DownloadError(.forbidden, "the file is \(total >> 20) MiB, which is more than is taken")
    }
    try await callbacks.onHead(Self.validator(head.headers, now: time.now()), row.url, total)
    try await write(stream, to: part, total, callbacks)
    return (head.headers["Content-Type"], total)
  }

  private func write(
    _ stream: HTTPStream, to part: PartFile, _ total: Int64?, _ callbacks: DownloadCallbacks
  ) async throws {
    var told = time.monotonic()
    callbacks.onProgress(part.size, total)
    while let chunk = try await stream.next() {
      try part.append(chunk.bytes)
      if part.size > largest {
        throw DownloadError(.forbidden, "the file is larger than is taken")
      }
      let now = time.monotonic()
      if now - told > .milliseconds(500) {
        told = now
        callbacks.onProgress(part.size, total)
      }
    }
  }

  /// By redirects that it follows itself: credentials go to their own server only.
  private func ask(
    _ task: DownloadTask, from offset: Int64, validator: String?
  ) async throws -> HTTPStream {
    guard let first = WebAddress(task.row.url), first.isWeb else {
      throw DownloadError(.forbidden, "its address is not of the web: \(task.row.url.prefix(200))")
    }
    let feed = WebAddress(task.feedURL)
    var address = first
    for _ in 0...Self.redirectLimit {
      var request = HTTPRequest.endless(address.withoutUser, stallTimeout: .seconds(30))
      request.userAgent = userAgent
      request.redirectLimit = 0
      request.acceptsAnyStatus = true
      request.connectTimeout = .seconds(20)
      request.credentials = first.credentials(for: address) ?? feed?.credentials(for: address)
      if let validator, offset > 0 {
        request.headers["Range"] = "bytes=\(offset)-"
        request.headers["If-Range"] = validator
      }
      let stream = try await client.stream(request)
      guard RedirectPolicy.isRedirect(stream.head.status),
        let location = stream.head.headers["Location"]
      else { return stream }
      stream.cancel()
      guard let next = WebAddress(location, base: address.unnamed), next.isWeb else {
        throw DownloadError(.forbidden, "it is redirected to what is not of the web")
      }
      address = next
    }
    throw DownloadError(.server, "it is redirected too often")
  }

  private func refusal(_ head: HTTPHead) -> DownloadError {
    let until = RetryAfter.instant(head.headers["Retry-After"], now: time.now())
    let text = "the server answered \(head.status)"
    switch head.status {
    case 408, 425, 429, 500...599: return DownloadError(.server, text, retryAt: until)
    default: return DownloadError(.refused, text, retryAt: until)
    }
  }

  /// What proves that the file is still the same: a strong ETag, or a date that is old enough for the
  /// file not to have changed again within its second (RFC 9110 §8.8.2.2).
  private static func validator(_ headers: HTTPHeaders, now: Instant) -> String? {
    if let etag = headers["ETag"], !etag.hasPrefix("W/"), etag.utf8.count < 1024 { return etag }
    guard let text = headers["Last-Modified"], let modified = FeedDate.read(text) else {
      return nil
    }
    let said = headers["Date"].flatMap(FeedDate.read) ?? now
    return said - modified >= .seconds(2) ? text : nil
  }

  /// A link in the place of the feed's folder would lead out of the archive.
  private static func refuseLink(_ folder: String) throws {
    var status = stat()
    guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw SystemError(code: ENOTDIR, call: "lstat", subject: folder)
    }
  }

  // MARK: - Checking

  private func check(
    _ task: DownloadTask, _ part: PartFile, contentType: String?, total: Int64?
  ) async throws -> CheckedFile {
    let row = task.row
    let type = Self.contentType(contentType, declared: row.type)
    var facts = MediaFacts(
      start: try part.start(Self.startBytes), bytes: part.size, serverBytes: total,
      contentType: type,
      declaredDuration: row.declaredDurationUs.map { .microseconds($0) })
    try refuse(MediaCheck.judgeStart(facts))
    let sha256 = try SHA256.hash(fileAt: part.path).hexadecimal
    if MediaCheck.isMedia(type) { facts.decoding = await probe.decode(part.path) }
    if Task.isCancelled { throw DownloadError(.interrupted, "the service is stopping") }
    var note: String?
    switch MediaCheck.judge(facts) {
    case .doubtful(let reason):
      guard row.doubtSHA256 == sha256 else {
        throw DownloadError(.truncated, reason, doubtSHA256: sha256)
      }
      note = reason
    case let verdict: try refuse(verdict)
    }
    if facts.decoding == nil, MediaCheck.isMedia(type) {
      note = "it could not be decoded to check it: is ffmpeg installed?"
    }
    return CheckedFile(
      bytes: part.size, sha256: sha256, contentType: type ?? "application/octet-stream",
      duration: facts.decoding?.decoded ?? .zero, note: note)
  }

  private func refuse(_ verdict: MediaCheck.Verdict) throws {
    if case .refused(let kind, let reason) = verdict { throw DownloadError(kind, reason) }
  }

  /// The server's word, unless it says nothing by it.
  private static func contentType(_ said: String?, declared: String?) -> String? {
    let plain = said.map { String($0.prefix { $0 != ";" }[...].trimmed).lowercased() }
    guard let plain, !plain.isEmpty, plain.utf8.count <= 100,
      !["application/octet-stream", "binary/octet-stream", "text/plain"].contains(plain)
    else { return declared }
    return plain
  }
}

/// `bytes 100-199/1000`.
struct ContentRange: Hashable {
  var start: Int64
  var total: Int64?

  init?(_ text: String?) {
    guard let text, text.hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst(6).split(separator: "/")
    guard parts.count == 2, let start = Int64(parts[0].prefix { $0 != "-" }) else { return nil }
    self.start = start
    total = Int64(parts[1])
  }

  /// Of an answer that has no part: `bytes */1000`.
  static func total(of text: String?) -> Int64? {
    text.flatMap { $0.split(separator: "/").last }.flatMap { Int64($0) }
  }
}

extension DownloadError {
  init(_ error: HTTPError) {
    switch error.kind {
    case .cancelled: self.init(.interrupted, "stopped")
    case .forbiddenAddress, .invalidRequest: self.init(.forbidden, error.description)
    case .redirect, .protocolViolation, .tooLarge, .status: self.init(.server, error.description)
    case .dns, .refused, .unreachable, .tls, .timeout, .stalled, .interrupted:
      self.init(.line, error.description)
    }
  }
}
