internal import CCurl

/// A URL taken apart, by the same parser that requests are made with, so that what was checked is
/// what is asked.
public struct WebAddress: Hashable, Sendable {
  /// Whole and in its normal form: scheme and host in lower case, dot segments resolved, what must be
  /// encoded encoded. May hold a user and a password.
  public let text: String
  public let scheme: String
  /// In lower case; of an IPv6 address with its brackets.
  public let host: String
  public let port: Int
  public let path: String
  /// Without its question mark.
  public let query: String?
  public let fragment: String?
  /// Decoded, as is the password.
  public let user: String?
  public let password: String?

  /// nil where it is no URL, or relative without a `base`.
  public init?(_ text: String, base: WebAddress? = nil) {
    guard let handle = curl_url() else { return nil }
    defer { curl_url_cleanup(handle) }
    let flags = UInt32(CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE)
    if let base, curl_url_set(handle, CURLUPART_URL, base.text, flags) != CURLUE_OK { return nil }
    guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }), text.utf8.count <= 8192,
      curl_url_set(handle, CURLUPART_URL, text, flags) == CURLUE_OK
    else { return nil }
    func part(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
      var value: UnsafeMutablePointer<CChar>?
      guard curl_url_get(handle, part, &value, UInt32(flags)) == CURLUE_OK, let value else {
        return nil
      }
      defer { curl_free(value) }
      return String(cString: value)
    }
    guard let whole = part(CURLUPART_URL), let scheme = part(CURLUPART_SCHEME) else { return nil }
    self.text = whole
    self.scheme = scheme.lowercased()
    host = part(CURLUPART_HOST)?.lowercased() ?? ""
    port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap { Int($0) } ?? 0
    path = part(CURLUPART_PATH) ?? "/"
    query = part(CURLUPART_QUERY)
    fragment = part(CURLUPART_FRAGMENT)
    user = part(CURLUPART_USER, CURLU_URLDECODE)
    password = part(CURLUPART_PASSWORD, CURLU_URLDECODE)
  }

  /// Whether it can be asked for by this client.
  public var isWeb: Bool { (scheme == "http" || scheme == "https") && !host.isEmpty }

  /// Scheme, host and port: within one, credentials may be sent along.
  public var origin: String { "\(scheme)://\(host):\(port)" }
}
