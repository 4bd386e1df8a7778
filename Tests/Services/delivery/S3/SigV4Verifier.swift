import Base
import HTTPServer

/// Checks the signature of a request that arrived, from the words of the specification and nothing
/// of the signer's: with its own HMAC, its own encoding, and the headers as they came in.
struct SigV4Verifier {
  private let request: Request
  private let fields: [String: String]

  init(_ request: Request) {
    self.request = request
    let text = request.header("Authorization") ?? ""
    var fields: [String: String] = [:]
    for part in text.dropFirst("AWS4-HMAC-SHA256 ".count).split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { fields[String(pair[0].filter { $0 != " " })] = String(pair[1]) }
    }
    self.fields = fields
  }

  private var scope: [String] {
    (fields["Credential"] ?? "").split(separator: "/").dropFirst().map(String.init)
  }

  var region: String { scope.count == 4 ? scope[1] : "" }

  func isSigned(with secret: String) -> Bool {
    guard scope.count == 4, let names = fields["SignedHeaders"]?.split(separator: ";"),
      names.contains("host"), names.contains("x-amz-date"),
      let payload = request.header("x-amz-content-sha256"),
      payload == hexadecimal(SHA256.hash(request.body))
    else { return false }
    // No name of S3's is the beginning of another that stands in the same query.
    let query = request.query.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }.sorted()
    var lines = [request.method, request.path, query.joined(separator: "&")]
    for name in names { lines.append("\(name):\(request.header(String(name)) ?? "")") }
    lines += ["", names.joined(separator: ";"), payload]
    let text = lines.joined(separator: "\n")
    let stamp = request.header("x-amz-date") ?? ""
    let hash = hexadecimal(SHA256.hash(text.utf8))
    let toSign = ["AWS4-HMAC-SHA256", stamp, scope.joined(separator: "/"), hash]
      .joined(separator: "\n")
    var key = Array(("AWS4" + secret).utf8)
    for word in scope { key = Self.hmac(key, Array(word.utf8)) }
    return hexadecimal(Self.hmac(key, Array(toSign.utf8))) == fields["Signature"]
  }

  /// `20130524T000000Z`
  static func instant(_ stamp: String) -> Instant? {
    let digits = Array(stamp)
    guard digits.count == 16 else { return nil }
    func part(_ from: Int, _ count: Int) -> String { String(digits[from..<from + count]) }
    return Instant(
      "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(9, 2)):\(part(11, 2)):\(part(13, 2))Z")
  }

  /// RFC 2104, by its definition.
  private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var block = key.count > 64 ? SHA256.hash(key) : key
    block += [UInt8](repeating: 0, count: 64 - block.count)
    let inner = SHA256.hash(block.map { $0 ^ 0x36 } + message)
    return SHA256.hash(block.map { $0 ^ 0x5C } + inner)
  }

  private static func encode(_ text: String) -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    return text.utf8.map { byte in
      plain.contains(byte)
        ? String(decoding: [byte], as: UTF8.self)
        : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }
}

/// Percent decoding, for the stub.
enum PercentText {
  static func decode(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
