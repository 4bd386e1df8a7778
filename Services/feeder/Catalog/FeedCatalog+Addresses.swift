internal import HTTPClient

extension FeedCatalog {
  /// The server that a URL is of, as limits are counted; the URL itself where it is none.
  static func host(of url: String) -> String {
    guard let address = WebAddress(url), address.isWeb else { return url }
    return "\(address.host):\(address.port)"
  }

  /// The form by which a feed is known again.
  static func normal(_ url: String) -> String { WebAddress(url)?.text ?? url }
}
