import Base
import FoundationEssentials
import HTTPServer
import Synchronization

/// A small S3 of our own, for what rclone's does not do: it checks every hash and signature, keeps
/// checksums, honours `If-None-Match`, has a clock and a region of its own, and fails on demand.
final class StubS3: Sendable {
  /// What happens to a request in place of its being carried out.
  struct Fault: Sendable {
    /// Method and a part of the path or query, such as `POST uploadId`.
    var of: String
    var status: Int
    var code: String
    /// Carried out all the same, and only the answer is this.
    var isDone = false
    /// How often.
    var times = 1
  }

  struct Object: Sendable {
    var bytes: [UInt8]
    var checksum: String
    var type: String
    /// What the upload claimed it to be.
    var claim: String?
  }

  /// What it says of an object's checksum.
  enum Checksums: Sendable {
    case none, computed
    /// What the upload said, unchecked.
    case repeated
  }

  private struct State {
    var objects: [String: Object] = [:]
    var uploads: [String: [Int: [UInt8]]] = [:]
    var keys: [String: String] = [:]
    var faults: [Fault] = []
    var requests: [String] = []
    var offset = Duration.zero
    var damage = false
    var checksums = Checksums.computed
    var number = 0
  }

  static let secret = "canary-of-the-secret"
  private let state = Mutex(State())
  private let server: Mutex<Server?> = Mutex(nil)
  let region: String

  init(region: String = "us-east-1") throws {
    self.region = region
    var configuration = Server.Configuration(.tcp(host: "127.0.0.1", port: 0))
    configuration.largestBody = 16 << 20
    let made = try Server(configuration) { [unowned self] request in answer(request) }
    server.withLock { $0 = made }
  }

  var port: UInt16 { server.withLock { $0?.port } ?? 0 }

  func stop() async {
    let server = server.withLock { server in
      defer { server = nil }
      return server
    }
    await server?.stop()
  }

  // MARK: What tests set and see

  func fail(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }
  func setClock(_ offset: Duration) { state.withLock { $0.offset = offset } }
  func setDamage(_ isOn: Bool) { state.withLock { $0.damage = isOn } }
  func setChecksums(_ kind: Checksums) { state.withLock { $0.checksums = kind } }
  func place(_ bytes: [UInt8], as key: String) {
    state.withLock {
      $0.objects[key] = Object(
        bytes: bytes, checksum: Base64.text(SHA256.hash(bytes)), type: "text/plain")
    }
  }
  /// An upload that somebody opened.
  func openUpload(_ key: String) -> String { state.withLock { StubS3.open(key, &$0) } }
  var objects: [String: Object] { state.withLock { $0.objects } }
  var openUploads: [String] { state.withLock { $0.uploads.keys.sorted() } }
  /// Method, path and query of each request that was carried out or failed on purpose.
  var requests: [String] { state.withLock { $0.requests } }

  // MARK: Answering

  private func answer(_ request: Request) -> Response {
    let now = SystemTimeSource().now() + state.withLock { $0.offset }
    let response = checked(request, now) ?? perform(request)
    return response.with("Date", StubS3.date(now))
  }

  private func checked(_ request: Request, _ now: Instant) -> Response? {
    let verifier = SigV4Verifier(request)
    guard let stamp = request.header("x-amz-date"), let sent = SigV4Verifier.instant(stamp) else {
      return StubS3.error(400, "MissingDate")
    }
    if abs((sent - now).inSeconds) > 900 { return StubS3.error(403, "RequestTimeTooSkewed") }
    if verifier.region != region {
      return StubS3.error(
        400, "AuthorizationHeaderMalformed", extra: "<Region>\(region)</Region>")
    }
    guard verifier.isSigned(with: StubS3.secret) else {
      return StubS3.error(403, "SignatureDoesNotMatch")
    }
    if let checksum = request.header("x-amz-checksum-sha256"),
      checksum != Base64.text(SHA256.hash(request.body))
    {
      return StubS3.error(400, "BadDigest")
    }
    return nil
  }

  private func perform(_ request: Request) -> Response {
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    let line = "\(request.method) \(request.path)?\(query)"
    let fault = state.withLock { state -> Fault? in
      state.requests.append(line)
      let words = { (fault: Fault) in fault.of.split(separator: " ") }
      guard
        let index = state.faults.firstIndex(where: { fault in
          words(fault).allSatisfy { line.contains($0) }
        })
      else { return nil }
      state.faults[index].times -= 1
      let fault = state.faults[index]
      if fault.times == 0 { state.faults.remove(at: index) }
      return fault
    }
    guard let fault else { return carryOut(request) }
    if fault.isDone { _ = carryOut(request) }
    return StubS3.error(fault.status, fault.code)
  }

  private func carryOut(_ request: Request) -> Response {
    let parts = request.path.dropFirst().split(separator: "/", maxSplits: 1)
    guard parts.first == "media" else { return StubS3.error(404, "NoSuchBucket") }
    let key = parts.count > 1 ? PercentText.decode(String(parts[1])) : ""
    return state.withLock { state in
      if key.isEmpty { return StubS3.list(request, state) }
      switch (request.method, request.query("uploadId")) {
      case ("GET", nil), ("HEAD", nil): return StubS3.read(key, state)
      case ("DELETE", nil):
        state.objects[key] = nil
        return .noContent
      case ("PUT", nil): return StubS3.put(request, key, &state)
      case ("POST", nil):
        let id = StubS3.open(key, &state)
        return StubS3.document(
          "<InitiateMultipartUploadResult><UploadId>\(id)</UploadId></InitiateMultipartUploadResult>"
        )
      case (let method, let id?):
        guard state.uploads[id] != nil else { return StubS3.error(404, "NoSuchUpload") }
        if method == "DELETE" {
          state.uploads[id] = nil
          return .noContent
        }
        return method == "PUT"
          ? StubS3.putPart(request, id, &state) : StubS3.complete(request, key, id, &state)
      default: return StubS3.error(501, "NotImplemented")
      }
    }
  }

  private static func open(_ key: String, _ state: inout State) -> String {
    state.number += 1
    let id = "up/\(state.number)+=="
    state.uploads[id] = [:]
    state.keys[id] = key
    return id
  }

  private static func list(_ request: Request, _ state: State) -> Response {
    let uploads = state.keys.filter {
      state.uploads[$0.key] != nil && $0.value.hasPrefix(request.query("prefix") ?? "")
    }
    let now = SystemTimeSource().now()
    let text = uploads.map {
      "<Upload><Key>\($0.value)</Key><UploadId>\($0.key)</UploadId><Initiated>\(now)</Initiated>"
        + "</Upload>"
    }.joined()
    return document("<ListMultipartUploadsResult>\(text)</ListMultipartUploadsResult>")
  }

  private static func read(_ key: String, _ state: State) -> Response {
    guard let object = state.objects[key] else { return error(404, "NoSuchKey") }
    let response = Response.bytes(object.bytes, contentType: object.type)
      .with("ETag", "\"\(hexadecimal(SHA256.hash(object.bytes).prefix(16)))\"")
    switch state.checksums {
    case .none: return response
    case .repeated: return response.with("x-amz-checksum-sha256", object.claim ?? "")
    case .computed:
      return response.with("x-amz-checksum-sha256", object.checksum)
        .with("x-amz-checksum-type", object.checksum.contains("-") ? "COMPOSITE" : "FULL_OBJECT")
    }
  }

  private static func put(_ request: Request, _ key: String, _ state: inout State) -> Response {
    if request.header("If-None-Match") == "*", state.objects[key] != nil {
      return error(412, "PreconditionFailed")
    }
    var bytes = request.body
    if state.damage, !bytes.isEmpty { bytes[0] ^= 1 }
    state.objects[key] = Object(
      bytes: bytes, checksum: Base64.text(SHA256.hash(bytes)), type: request.contentType,
      claim: request.header("x-amz-checksum-sha256"))
    return Response().with("ETag", "\"\(hexadecimal(SHA256.hash(bytes).prefix(16)))\"")
  }

  private static func putPart(_ request: Request, _ id: String, _ state: inout State) -> Response {
    let number = request.query("partNumber").flatMap { Int($0) } ?? 0
    state.uploads[id]?[number] = request.body
    return Response().with("ETag", "\"part-\(number)\"")
  }

  private static func complete(
    _ request: Request, _ key: String, _ id: String, _ state: inout State
  ) -> Response {
    let parts = state.uploads[id] ?? [:]
    let text = String(decoding: request.body, as: UTF8.self)
    let named = text.matches(of: /<PartNumber>(\d+)<\/PartNumber><ETag>&quot;part-(\d+)&quot;/)
    guard named.allSatisfy({ $0.1 == $0.2 }), named.count == parts.count else {
      return error(400, "InvalidPart")
    }
    if request.header("If-None-Match") == "*", state.objects[key] != nil {
      return error(412, "PreconditionFailed")
    }
    let inOrder = parts.sorted { $0.key < $1.key }.map(\.value)
    state.objects[key] = Object(
      bytes: Array(inOrder.joined()),
      checksum: Base64.text(SHA256.hash(inOrder.map { SHA256.hash($0) }.joined()))
        + "-\(inOrder.count)", type: "audio/mpeg")
    state.uploads[id] = nil
    return document("<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")
  }

  private static func document(_ text: String, status: Int = 200) -> Response {
    .text(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + text, status: status,
      contentType: "application/xml")
  }

  private static func error(_ status: Int, _ code: String, extra: String = "") -> Response {
    document(
      "<Error><Code>\(code)</Code><Message>because</Message>\(extra)</Error>", status: status)
  }

  private static func date(_ instant: Instant) -> String {
    let civil = CivilTime(secondsSinceEpoch: instant.seconds)
    let month = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ][civil.month - 1]
    let time = instant.formatted().suffix(8)
    return "Sat, \(padded(civil.day, 2)) \(month) \(civil.year) \(time) GMT"
  }
}
