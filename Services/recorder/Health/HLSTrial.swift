import Base
import DASH
import Media

/// Finds out whether an HLS or DASH station is on the air, without capturing it: whether its list
/// moves on and what it lists is to be had.
struct HLSTrial: Sendable {
  let fetcher: HLSFetcher
  let limits: HLSVariantPolicy

  /// Waits up to three target durations for something new.
  func isMoving(_ address: String) async -> Bool {
    var address = address
    var seen: Seen?
    var numbers = DASHNumbers()
    for _ in 0..<5 {
      guard let (listing, from) = try? await fetcher.listing(address, imported: [:]) else {
        return false
      }
      switch listing.playlist(&numbers, at: SystemTimeSource().now()) {
      case .master(let master):
        guard let choice = limits.choose(from: master) else { return false }
        address = URIReference.resolve(choice.variant.uri, in: from)
      case .media(let media):
        let now = Seen(first: media.mediaSequence, count: media.segments.count)
        if let seen, seen != now, let newest = media.segments.last(where: { !$0.isGap }) {
          return await fetcher.has(newest, listedAt: from)
        }
        seen = now
        try? await Task.sleep(
          for: min(max(media.targetDuration ?? .seconds(6), .seconds(1)), .seconds(10)))
      }
      if Task.isCancelled { return false }
    }
    return false
  }

  private struct Seen: Hashable {
    var first: Int64
    var count: Int
  }
}
