internal import Base
internal import HTTPClient
internal import Messages
internal import XML

/// Fetches one feed: conditionally, by redirects that it follows itself (it must know whether they are
/// permanent, and what may be sent to whom), within limits of size and time.
struct FeedFetcher: Sendable {
  static let redirectLimit = 6
  static let mostPages = 60

  let client: HTTPClient
  let parser: FeedParser
  let userAgent: String
  let time: any TimeSource

  func fetch(_ order: FetchOrder) async -> FetchReport {
    do throws(HTTPError) {
      let answer = try await ask(order.url, for: order, validators: order.validators)
      return await report(answer, order)
    } catch {
      return FetchReport(
        order: order, result: Self.result(of: error), target: nil, cacheLifetime: nil)
    }
  }

  /// The last of a chain of answers.
  private struct Answer {
    var stream: HTTPStream
    var url: WebAddress
    /// Whether every redirect on the way was permanent, and there was one.
    var hasMoved: Bool
  }

  private func ask(
    _ url: String, for order: FetchOrder, validators: Validators?
  ) async throws(HTTPError) -> Answer {
    guard let first = WebAddress(url), first.isWeb else {
      throw .unusable(url)
    }
    var address = first
    var hops = 0
    var isPermanent = true
    while true {
      var request = HTTPRequest("GET", address.withoutUser, timeout: .seconds(90))
      request.userAgent = userAgent
      request.redirectLimit = 0
      request.acceptsAnyStatus = true
      request.connectTimeout = .seconds(15)
      request.stallTimeout = .seconds(20)
      request.largestBody = Int64(XMLLimits().bytes)
      request.headers["Accept"] =
        "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.5"
      // Their own words, and only to the address that they are of.
      if let validators, validators.url == address.text {
        request.headers["If-None-Match"] = validators.etag
        request.headers["If-Modified-Since"] = validators.lastModified
      }
      request.credentials = first.credentials(for: address)
      let stream = try await client.stream(request)
      guard RedirectPolicy.isRedirect(stream.head.status),
        let location = stream.head.headers["Location"]
      else {
        return Answer(stream: stream, url: address, hasMoved: hops > 0 && isPermanent)
      }
      stream.cancel()
      hops += 1
      isPermanent = isPermanent && RedirectPolicy.isPermanent(stream.head.status)
      guard hops <= Self.redirectLimit, let next = WebAddress(location, base: address.unnamed),
        next.isWeb
      else { throw .badRedirect(address.text) }
      address = next
    }
  }

  private func report(_ answer: Answer, _ order: FetchOrder) async -> FetchReport {
    let head = answer.stream.head
    let moved = answer.hasMoved ? answer.url.text : nil
    let lifetime = CacheLifetime.of(head.headers, now: time.now())
    func report(_ result: FetchReport.Result, target: String? = moved) -> FetchReport {
      FetchReport(order: order, result: result, target: target, cacheLifetime: lifetime)
    }
    switch head.status {
    case 200: break
    case 304 where order.validators != nil: return report(.notModified)
    case 410: return report(.gone, target: nil)
    case 429, 503:
      let until = RetryAfter.instant(head.headers["Retry-After"], now: time.now())
      if let until = until ?? (head.status == 429 ? time.now() + .seconds(3600) : nil) {
        return report(
          .rests(
            until: until,
            reason: "the server asks not to be asked before \(until) (status \(head.status))"),
          target: nil)
      }
      return report(.failed(reason: Self.said(head.status), isConnection: false), target: nil)
    default:
      return report(.failed(reason: Self.said(head.status), isConnection: false), target: nil)
    }
    do {
      let read = try await parser.read(answer.stream, url: answer.url.text)
      let validators = Validators(head.headers, url: answer.url.text)
      if read.sha256 == order.bodySHA256, !order.wantsPages {
        return report(.sameDocument(validators))
      }
      var document = read.document
      let hasAllPages = await addPages(to: &document, order)
      let target = await target(moved, document, order, at: answer.url)
      return report(
        .document(document, validators, sha256: read.sha256, hasAllPages: hasAllPages),
        target: target)
    } catch let error as HTTPError {
      return report(Self.result(of: error), target: nil)
    } catch {
      return report(.failed(reason: "\(error)", isConnection: false), target: nil)
    }
  }

  /// Reads the further pages where they are wanted; false where not all of them could be read.
  private func addPages(to document: inout FeedDocument, _ order: FetchOrder) async -> Bool {
    guard order.wantsPages else { return true }
    var next = document.nextPage
    var seen: Set<String> = [order.url]
    while let url = next, seen.insert(url).inserted {
      guard seen.count <= Self.mostPages, document.items.count < FeedReader.mostItems else {
        document.warnings.append("only its first \(seen.count - 1) pages were read")
        return true
      }
      do {
        let answer = try await ask(url, for: order, validators: nil)
        guard answer.stream.head.status == 200 else { return false }
        let page = try await parser.read(answer.stream, url: answer.url.text).document
        document.items += page.items
        next = page.nextPage
      } catch {
        return false
      }
    }
    return true
  }

  /// What the publisher says of a new address counts only while there is a feed.
  private func target(
    _ moved: String?, _ document: FeedDocument, _ order: FetchOrder, at url: WebAddress
  ) async -> String? {
    guard let announced = document.newURL.flatMap({ WebAddress($0) }), announced.isWeb,
      announced.text != url.text, announced.text != WebAddress(order.url)?.text
    else { return moved }
    guard order.announcedURL == announced.text else { return announced.text }
    guard let answer = try? await ask(announced.text, for: order, validators: nil),
      answer.stream.head.status == 200,
      (try? await parser.read(answer.stream, url: announced.text)) != nil
    else { return moved }
    return announced.text
  }

  private static func said(_ status: Int) -> String { "the server answered \(status)" }

  private static func result(of error: HTTPError) -> FetchReport.Result {
    switch error.kind {
    case .cancelled: .cancelled
    case .dns, .refused, .unreachable, .timeout:
      .failed(reason: error.description, isConnection: true)
    default: .failed(reason: error.description, isConnection: false)
    }
  }
}

/// Reads documents on a thread of its own, several in turn as their chunks come.
actor FeedParser {
  struct Read: Sendable {
    var document: FeedDocument
    var sha256: String
  }

  private let thread = DedicatedThread(named: "feed-parser")

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// - Throws: `HTTPError`, or a sentence where it is no feed.
  func read(_ stream: HTTPStream, url: String) async throws -> Read {
    let reader = FeedReader(url: url, contentType: stream.head.headers["Content-Type"])
    let hasher = SHA256()
    do {
      while let chunk = try await stream.next() {
        hasher.update(chunk.bytes)
        try reader.feed(chunk.bytes)
      }
      let document = try reader.finish()
      return Read(document: document, sha256: hexadecimal(hasher.finish()))
    } catch let failure as FeedReader.Failure {
      stream.cancel()
      throw failure
    }
  }
}

extension FeedReader.Failure: CustomStringConvertible {
  var description: String {
    switch self {
    case .unreadable(let error): "what the server sent cannot be read: \(error)"
    case .noFeed: "what the server sent is no feed"
    }
  }
}
