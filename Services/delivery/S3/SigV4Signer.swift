internal import Base

/// Signs requests to S3 by AWS Signature Version 4 ("Authenticating Requests: Using the
/// Authorization Header", Amazon S3 API Reference).
///
/// Our own, because libcurl 7.88's signs wrongly what object names and multipart uploads need
/// (`?uploads`, queries that are not sorted, `+ / = ( )`). A value without clock and I/O: what is
/// signed is exactly what it is given, so the caller must send the very same path, query and
/// headers.
struct SigV4Signer: Sendable {
  let accessKey: String
  let secret: Secret
  let region: String
  var service = "s3"

  /// The value of the `Authorization` header.
  ///
  /// - Parameters:
  ///   - headers: all that are to be signed, `host` and `x-amz-date` among them.
  ///   - payloadHash: the body's SHA-256 in hexadecimal, as `x-amz-content-sha256` says it.
  func authorization(
    _ method: String, _ target: S3Target, headers: [(name: String, value: String)],
    payloadHash: String, at date: S3Date
  ) -> String {
    let fields = SigV4Signer.canonical(headers)
    let names = fields.map(\.name).joined(separator: ";")
    let request = [
      method, target.path, target.query, fields.map { "\($0.name):\($0.value)\n" }.joined(),
      names, payloadHash,
    ].joined(separator: "\n")
    let scope = "\(date.day)/\(region)/\(service)/aws4_request"
    let text = [
      "AWS4-HMAC-SHA256", date.stamp, scope, hexadecimal(SHA256.hash(request.utf8)),
    ].joined(separator: "\n")
    let signature = hexadecimal(HMACSHA256.code(of: Array(text.utf8), key: key(for: date)))
    return "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope),SignedHeaders=\(names),"
      + "Signature=\(signature)"
  }

  private func key(for date: S3Date) -> [UInt8] {
    [date.day, region, service, "aws4_request"].reduce(Array("AWS4".utf8) + secret.bytes) {
      HMACSHA256.code(of: Array($1.utf8), key: $0)
    }
  }

  /// Names in lower case and in order; values without blanks at their ends, runs of blanks as one.
  private static func canonical(
    _ headers: [(name: String, value: String)]
  ) -> [(name: String, value: String)] {
    var values: [String: [String]] = [:]
    for header in headers {
      let words = header.value.split(whereSeparator: { $0 == " " || $0 == "\t" })
      values[header.name.lowercased(), default: []].append(words.joined(separator: " "))
    }
    return values.map { (name: $0.key, value: $0.value.joined(separator: ",")) }
      .sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
  }
}
