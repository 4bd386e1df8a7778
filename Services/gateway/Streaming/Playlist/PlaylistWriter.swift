import Base

/// Makes the text of a playlist from its entries.
struct PlaylistWriter {
  let stream: StreamID
  let style: PlaylistStyle
  let targetSeconds: Int

  /// What stands above the entries.
  struct Head: Equatable {
    var mediaSequence: Int64 = 0
    var discontinuitySequence: Int64 = 0
    /// `VOD` or `EVENT`.
    var type: String?
    /// Where a player is to begin, in seconds from the first entry.
    var startOffset: Double?
    var isComplete = false
  }

  func bytes(_ entries: some Collection<PlaylistEntry>, _ head: Head) -> [UInt8] {
    var text = PlaylistText(expected: entries.count)
    text.line("#EXTM3U")
    // 8 for EXT-X-GAP, 6 for EXT-X-MAP in front of media (RFC 8216 §7 and its revision).
    text.line("#EXT-X-VERSION:\(style.showsGaps ? 8 : 6)")
    text.line("#EXT-X-TARGETDURATION:\(targetSeconds)")
    text.line("#EXT-X-MEDIA-SEQUENCE:\(head.mediaSequence)")
    if head.discontinuitySequence > 0 {
      text.line("#EXT-X-DISCONTINUITY-SEQUENCE:\(head.discontinuitySequence)")
    }
    if let type = head.type { text.line("#EXT-X-PLAYLIST-TYPE:\(type)") }
    if let offset = head.startOffset {
      let milliseconds = Int64((offset * 1000).rounded())
      text.text("#EXT-X-START:TIME-OFFSET=".utf8)
      text.number(milliseconds / 1000)
      text.text(".".utf8)
      text.number(milliseconds % 1000, digits: 3)
      text.line(",PRECISE=YES")
    }
    append(entries, to: &text)
    if head.isComplete { text.line("#EXT-X-ENDLIST") }
    return text.bytes
  }

  private func append(_ entries: some Collection<PlaylistEntry>, to text: inout PlaylistText) {
    var last: PlaylistEntry?
    var map: String?
    for entry in entries {
      if let last {
        appendHole(from: last.endUs, to: entry, &text)
        if entry.isDiscontinuity(showingGaps: style.showsGaps) { text.line("#EXT-X-DISCONTINUITY") }
      }
      if last == nil || entry.run != last?.run {
        let needed = style.initialisation(of: entry, stream)
        if let needed, needed != map { text.line("#EXT-X-MAP:URI=\"\(needed)\"") }
        map = needed ?? map
      }
      text.duration(entry.durationUs)
      text.time(Instant(microseconds: entry.startUs))
      style.appendAddress(of: entry, stream, to: &text)
      last = entry
    }
  }

  private func appendHole(
    from start: Int64, to entry: PlaylistEntry, _ text: inout PlaylistText
  ) {
    guard style.showsGaps else { return }
    let count = HolePieces.count(entry.startUs - start, targetSeconds: targetSeconds)
    for piece in 0..<count {
      let from = start + (entry.startUs - start) * piece / count
      let to = start + (entry.startUs - start) * (piece + 1) / count
      text.line("#EXT-X-GAP")
      text.duration(to - from)
      text.time(Instant(microseconds: from))
      // Never asked for (RFC 8216bis §4.4.4.7), but an entry needs an address.
      text.line("/live/\(stream)/segments/none/\(from).ts")
    }
  }
}

/// How a hole is cut into entries of a playlist that shows holes.
enum HolePieces {
  static func count(_ durationUs: Int64, targetSeconds: Int) -> Int64 {
    let target = Int64(targetSeconds) * 1_000_000
    return durationUs > TapeMerge.tolerance ? (durationUs + target - 1) / target : 0
  }
}
