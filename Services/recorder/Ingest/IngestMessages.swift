import Base
import FoundationEssentials
import HTTPClient
import Messages

/// What is told of a line seldom enough to be JSON: what it was opened for, how the source answered,
/// why it ended. Recorder and ingest are of one build, or only one that knows more fields reads it.
struct IngestRequest: Hashable, Codable, Sendable {
  var stream: StreamID
  var url: String
  var addresses: [String]
  /// Names and values by turns, in order.
  var headers: [String]
  var userAgent: String
  var connectTimeoutMilliseconds: Int64
  var kind: SourceKind?
  var inputFormat: String?
  var quality: String?

  init(_ request: SourceRequest) {
    stream = request.stream
    url = request.url
    addresses = request.addresses
    headers = request.http.headers.fields.flatMap { [$0.name, $0.value] }
    userAgent = request.http.userAgent
    connectTimeoutMilliseconds = request.http.connectTimeout.microseconds / 1000
    kind = request.kind
    inputFormat = request.inputFormat
    quality = request.quality
  }

  /// Whether it was for other addresses or was asked in another way.
  func isOther(than request: SourceRequest) -> Bool {
    var other = IngestRequest(request)
    other.connectTimeoutMilliseconds = connectTimeoutMilliseconds
    return other != self
  }

  var source: SourceRequest {
    var http = HTTPRequest.endless(url)
    http.connectTimeout = .milliseconds(connectTimeoutMilliseconds)
    http.userAgent = userAgent
    for index in stride(from: 0, to: headers.count - 1, by: 2) {
      http.headers.append(headers[index], headers[index + 1])
    }
    var request = SourceRequest(stream: stream, url: url, addresses: addresses, http: http)
    request.kind = kind
    request.inputFormat = inputFormat
    request.quality = quality
    return request
  }
}

/// How a source answered.
struct IngestHead: Hashable, Codable, Sendable {
  var status: Int
  var headers: [String]
  var url: String
  var isICY: Bool

  init(_ head: HTTPHead) {
    status = head.status
    headers = head.headers.fields.flatMap { [$0.name, $0.value] }
    url = head.url
    isICY = head.isICY
  }

  var head: HTTPHead {
    var fields = HTTPHeaders()
    for index in stride(from: 0, to: headers.count - 1, by: 2) {
      fields.append(headers[index], headers[index + 1])
    }
    return HTTPHead(status: status, headers: fields, url: url, isICY: isICY)
  }
}

/// Why a line brings nothing any more; nothing said: the server ended it.
struct IngestEnd: Hashable, Codable, Sendable {
  var cause: String
  var sentence: String
  var pace: Int
  var retryAfterMilliseconds: Int64?

  private static let paces: [SourceFailure.Pace] = [.quick, .slow, .patient]

  init(_ failure: SourceFailure) {
    cause = failure.cause.rawValue
    sentence = failure.sentence
    pace = IngestEnd.paces.firstIndex(of: failure.pace) ?? 0
    retryAfterMilliseconds = failure.retryAfter.map { $0.microseconds / 1000 }
  }

  var failure: SourceFailure {
    SourceFailure(
      Gap.Cause(rawValue: cause) ?? .unknown, sentence,
      pace: IngestEnd.paces.indices.contains(pace) ? IngestEnd.paces[pace] : .quick,
      retryAfter: retryAfterMilliseconds.map { .milliseconds($0) })
  }
}

enum IngestJSON {
  /// These types have no value that JSON cannot hold.
  static func bytes(_ value: some Encodable) -> [UInt8] {
    (try? JSONEncoder().encode(value)).map { Array($0) } ?? []
  }

  static func value<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
    try? JSONDecoder().decode(type, from: Data(bytes))
  }
}
