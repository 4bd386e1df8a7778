internal import Base
internal import Messages

/// Where a bucket is and how it is addressed.
struct S3Endpoint: Hashable, Sendable {
  let host: String
  let port: Int
  let bucket: S3Bucket
  /// The id of the access key.
  let accessKey: String
  /// As the destination keeps it; opened when it is used.
  let sealedSecret: String?

  /// As people write it.
  var address: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (bucket.isTLS ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// What the `Host` header says.
  var authority: String {
    bucket.usesPathStyle ? address : "\(bucket.name).\(address)"
  }

  private var scheme: String { bucket.isTLS ? "https" : "http" }

  /// The bucket itself, or an object in it.
  func target(_ key: String?, query: [String: String] = [:]) -> S3Target {
    let parts = key.map { $0.split(separator: "/", omittingEmptySubsequences: false) } ?? []
    let place = bucket.usesPathStyle ? [bucket.name] : []
    let all = place + parts.map(String.init)
    return S3Target(parts: all.isEmpty ? [""] : all, query: query)
  }

  func url(_ target: S3Target) -> String { "\(scheme)://\(authority)\(target.text)" }

  /// Names an object for good, whatever the style of addressing: for rows, not for requests.
  func location(of key: String) -> String { "\(scheme)://\(address)/\(bucket.name)/\(key)" }
}
