/// Where an address names its host, by FFmpeg's own reading: the host ends before the first `/`, `?`
/// or `#`, and begins behind the last `@`. A value.
struct SourceHost: Hashable, Sendable {
  /// Of an IPv6 address without its brackets; empty where FFmpeg is to listen on this machine.
  let name: String
  private let before: Substring
  private let after: Substring

  /// nil where readers could disagree on which host is meant.
  init?(_ url: String) {
    guard let mark = url.firstRange(of: "://") else { return nil }
    let rest = url[mark.upperBound...]
    let authority = rest.prefix { !"/?#".contains($0) }
    guard authority.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }),
      !authority.contains("\\")
    else { return nil }
    let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
    if place.hasPrefix("[") {
      guard let close = place.firstIndex(of: "]") else { return nil }
      name = String(place[place.index(after: place.startIndex)..<close])
      after = url[place.index(after: close)...]
    } else {
      let end = place.firstIndex(of: ":") ?? place.endIndex
      name = String(place[..<end])
      after = url[end...]
    }
    before = url[..<place.startIndex]
  }

  /// The same address with another host: a name, or an IP address.
  func url(with host: String) -> String {
    before + (host.contains(":") ? "[\(host)]" : host) + after
  }
}
