internal import HTTPClient
internal import Messages

/// Checks what a person says of a feed.
enum FeedValidator {
  static func check(_ feed: FeedDefinition) throws(Refusal) {
    guard isUsable(feed.url) else {
      throw Refusal(
        .invalid, "A feed's address begins with http:// or https:// and names a server.",
        field: "url")
    }
    if let name = feed.name {
      guard name.utf8.count <= 200, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else {
        throw Refusal(
          .invalid, "The name is longer than 200 bytes or holds a line break.", field: "name")
      }
    }
    if let newest = feed.newest, !(0...100_000).contains(newest) {
      throw Refusal(
        .invalid, "The number of newest episodes is 0 to 100000, or left out for all.",
        field: "newest")
    }
    guard feed.destinations.count <= 20 else {
      throw Refusal(.invalid, "A feed has at most 20 destinations.", field: "destinations")
    }
  }

  static func isUsable(_ url: String) -> Bool {
    guard url.utf8.count <= 2048, let address = WebAddress(url) else { return false }
    return address.isWeb
  }
}
