internal import Base

/// Where a feed has moved to, and how often that was said.
struct FeedMove: Codable, Hashable, Sendable {
  var url: String
  var count: Int
  var firstAt: Instant
}

/// Decides when a redirect, or a publisher's word, rewrites a feed's address.
///
/// A permanent redirect (301, 308) all the way, or `itunes:new-feed-url`, counts each time that the
/// same address is named; after `confirmations` of them, the last at least `patience` after the first
/// (a server that is set up wrong for an hour names a wrong address many times), the address is
/// rewritten. One hop that is not permanent (302, 303, 307) makes the whole way temporary.
struct RedirectPolicy: Hashable, Sendable {
  var confirmations = 3
  var patience = Duration.seconds(3600)

  enum Verdict: Hashable, Sendable {
    case stay(FeedMove?)
    case rewrite(String)
  }

  /// `target` is where the feed was found by permanent redirects or is said to be; nil where it was
  /// found at its own address or by a temporary way.
  func next(_ move: FeedMove?, target: String?, current: String, now: Instant) -> Verdict {
    guard let target, target != current else { return .stay(nil) }
    guard var move, move.url == target else {
      return .stay(FeedMove(url: target, count: 1, firstAt: now))
    }
    move.count += 1
    let isConfirmed = move.count >= confirmations && now - move.firstAt >= patience
    return isConfirmed ? .rewrite(target) : .stay(move)
  }

  static func isPermanent(_ status: Int) -> Bool { status == 301 || status == 308 }

  static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }
}
