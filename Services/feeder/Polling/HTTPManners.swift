internal import Base
internal import HTTPClient

/// `Retry-After`: seconds or a date (RFC 9110 §10.2.3).
enum RetryAfter {
  static func instant(_ value: String?, now: Instant) -> Instant? {
    guard let value else { return nil }
    if let seconds = Int64(value) {
      return seconds < 0 ? nil : now + .seconds(min(seconds, 366 * 86_400))
    }
    return FeedDate.read(value).map { max($0, now) }
  }
}

/// How long the server lets an answer be kept (RFC 9111 §4.2).
enum CacheLifetime {
  static func of(_ headers: HTTPHeaders, now: Instant) -> Duration? {
    if let control = headers["Cache-Control"]?.lowercased() {
      for part in control.split(separator: ",") {
        let pair = part.split(separator: "=").map { String($0[...].trimmed) }
        if pair.count == 2, pair[0] == "max-age", let seconds = Int64(pair[1]), seconds >= 0 {
          return .seconds(min(seconds, 366 * 86_400))
        }
      }
      if control.contains("no-cache") || control.contains("no-store") { return nil }
    }
    guard let expires = headers["Expires"].flatMap(FeedDate.read) else { return nil }
    let said = headers["Date"].flatMap(FeedDate.read) ?? now
    return expires > said ? expires - said : nil
  }
}

extension Validators {
  /// nil where the server gave none that can be said back byte for byte.
  init?(_ headers: HTTPHeaders, url: String) {
    let plain: (String) -> Bool = {
      $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && $0.utf8.count < 1024
    }
    let etag = headers["ETag"].flatMap { plain($0) && !$0.isEmpty ? $0 : nil }
    let lastModified = headers["Last-Modified"].flatMap { plain($0) && !$0.isEmpty ? $0 : nil }
    guard etag != nil || lastModified != nil else { return nil }
    self.init(etag: etag, lastModified: lastModified, url: url)
  }
}

extension WebAddress {
  /// Without user and password, which travel as a header, and to their own host only.
  var withoutUser: String {
    guard user != nil || password != nil, let at = text.firstIndex(of: "@"),
      let slashes = text.firstIndex(of: "/")
    else { return text }
    let start = text.index(slashes, offsetBy: 2)
    return String(text[..<start]) + text[text.index(after: at)...]
  }

  var unnamed: WebAddress { WebAddress(withoutUser) ?? self }

  /// What this address's user and password give to another: themselves, within one origin.
  func credentials(for other: WebAddress) -> HTTPCredentials? {
    if let user = other.user { return HTTPCredentials(user: user, password: other.password ?? "") }
    guard let user, origin == other.origin else { return nil }
    return HTTPCredentials(user: user, password: password ?? "")
  }
}
