internal import Base
internal import HTTPClient
internal import Messages
internal import Synchronization

/// Speaks to one bucket: signs each request, sends it, and tells what was answered.
///
/// Two faults are mended here, once for each request, because only the server knows what is right:
/// a clock that is wrong (the time that the server gives is used from then on), and a region that is
/// (its name comes with the refusal). A redirect is never followed: it would carry the file to a host
/// that nobody entered.
struct S3Client: Sendable {
  let endpoint: S3Endpoint
  private let secret: Secret
  private let http: HTTPClient
  private let time: any TimeSource
  private let timeout: Duration
  private let learned = Learned()

  /// What the server taught us, kept while the client lives.
  private final class Learned: Sendable {
    struct State {
      /// Added to our own time.
      var clockOffset = Duration.zero
      var region: String?
    }
    let state = Mutex(State())
  }

  /// `timeout` is for connecting, and for a silence.
  init(
    _ endpoint: S3Endpoint, secret: Secret, http: HTTPClient, timeout: Duration,
    time: any TimeSource
  ) {
    self.endpoint = endpoint
    self.secret = secret
    self.http = http
    self.timeout = timeout
    self.time = time
  }

  struct Request: Sendable {
    var method: String
    /// nil: the bucket itself.
    var key: String?
    var query: [String: String] = [:]
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var source: (any HTTPBodySource)?
    /// SHA-256 of the body in hexadecimal, where it was taken already.
    var payloadHash: String?
    /// How long the server may be silent, where that is longer than usual.
    var patience: Duration?

    init(_ method: String, _ key: String?) {
      self.method = method
      self.key = key
    }
  }

  /// The whole answer, whatever its status.
  func answer(to request: Request) async throws(DeliveryError) -> S3Answer {
    var answer = try await send(request)
    if learn(from: answer) { answer = try await send(request) }
    // A HEAD has no body to say why; a GET of the first byte has.
    if request.method == "HEAD", answer.status >= 300, answer.status != 404 {
      var again = request
      again.method = "GET"
      again.headers.append(("Range", "bytes=0-0"))
      let reason = try await self.answer(to: again)
      if reason.status >= 300 { return reason }
    }
    return answer
  }

  /// An object's bytes, piece by piece.
  func stream(_ key: String) async throws(DeliveryError) -> HTTPStream {
    do {
      return try await http.stream(signed(Request("GET", key)))
    } catch {
      guard case .status(let status) = error.kind else {
        throw S3Failure.error(error, at: endpoint)
      }
      throw DeliveryError(
        status >= 500 ? .unavailable : .verification,
        "\(endpoint.address) does not give back what it has as \(key) (\(status)), so that it cannot be "
          + "compared: see what its log says.")
    }
  }

  private func send(_ request: Request) async throws(DeliveryError) -> S3Answer {
    do {
      return S3Answer(try await http.request(signed(request)), endpoint: endpoint)
    } catch {
      throw S3Failure.error(error, at: endpoint)
    }
  }

  private func signed(_ request: Request) -> HTTPRequest {
    let (offset, region) = learned.state.withLock { ($0.clockOffset, $0.region) }
    let signer = SigV4Signer(
      accessKey: endpoint.accessKey, secret: secret, region: region ?? endpoint.bucket.region)
    let date = S3Date(time.now() + offset)
    let hash = request.payloadHash ?? hexadecimal(SHA256.hash(request.body))
    let target = endpoint.target(request.key, query: request.query)
    let headers =
      [(name: "x-amz-date", value: date.stamp), (name: "x-amz-content-sha256", value: hash)]
      + request.headers
    var built = HTTPRequest(request.method, endpoint.url(target), timeout: nil)
    for header in headers { built.headers.append(header.name, header.value) }
    built.headers.append(
      "Authorization",
      signer.authorization(
        request.method, target,
        headers: headers + [(name: "host", value: endpoint.authority)], payloadHash: hash,
        at: date))
    built.body = request.body
    built.bodySource = request.source
    built.connectTimeout = timeout
    built.stallTimeout = max(timeout, request.patience ?? timeout)
    built.redirectLimit = 0
    built.acceptsCompression = false
    built.acceptsAnyStatus = request.method != "GET" || request.key == nil || isShort(request)
    if !built.acceptsAnyStatus { built.largestBody = .max }
    return built
  }

  /// Whether a GET is for its answer rather than for an object's bytes.
  private func isShort(_ request: Request) -> Bool {
    !request.query.isEmpty || request.headers.contains { $0.name == "Range" }
  }

  /// True where the request is worth another try with what was just learned.
  private func learn(from answer: S3Answer) -> Bool {
    guard answer.status >= 300 else { return false }
    let now = time.now()
    return learned.state.withLock { state in
      if let region = answer.region, region != state.region ?? endpoint.bucket.region {
        state.region = region
        return true
      }
      // 15 minutes are allowed; some servers do not say that it is this (rclone: AccessDenied).
      guard let theirs = answer.date else { return false }
      let offset = theirs - now
      let isFarOff = abs((offset - state.clockOffset).inSeconds) > 300
      guard answer.code == "RequestTimeTooSkewed" || isFarOff && (400...403) ~= answer.status,
        isFarOff
      else { return false }
      state.clockOffset = offset
      return true
    }
  }
}

/// What S3 answered.
struct S3Answer: Sendable {
  let status: Int
  let headers: HTTPHeaders
  let body: [UInt8]
  private let endpoint: S3Endpoint

  init(_ response: HTTPResponse, endpoint: S3Endpoint) {
    status = response.status
    headers = response.headers
    body = response.body
    self.endpoint = endpoint
  }

  var document: S3Document { S3Document(body) }

  var isFine: Bool { (200..<300).contains(status) }

  /// The code of its error document, also where the status says that all is well.
  var code: String? { document.root == "Error" ? document.value("Code") : nil }

  var date: Instant? { headers["Date"].flatMap(HTTPDate.instant) }

  /// The region that it names in place of ours.
  var region: String? {
    guard status == 301 || status == 400 || status == 403 else { return nil }
    return headers["x-amz-bucket-region"]
      ?? (code == "AuthorizationHeaderMalformed" ? document.value("Region") : nil)
  }

  /// What it means for a delivery.
  func failure(while what: String) -> DeliveryError {
    S3Failure.error(self, while: what, at: endpoint)
  }

  /// Passes a good answer on.
  func checked(while what: String) throws(DeliveryError) -> S3Answer {
    guard isFine, code == nil else { throw failure(while: what) }
    return self
  }
}
