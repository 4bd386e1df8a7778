import Base
import HTTPClient
import Messages

/// A line that an ingest has held since an earlier life of this recorder.
struct HeldLine: Sendable {
  let link: IngestLink
  let state: IngestFrame.HeldState
  let request: IngestRequest
  /// nil where nothing of it can be on the tape.
  let bookmark: LineBookmark?

  /// nil where what is held does not go on from what the tape can have: it is of no use then.
  init?(_ state: IngestFrame.HeldState, on link: IngestLink) {
    guard state.isComplete,
      let request = IngestJSON.value(IngestRequest.self, state.request)
    else { return nil }
    bookmark =
      state.bookmark.isEmpty ? nil : IngestJSON.value(LineBookmark.self, state.bookmark)
    guard state.bookmark.isEmpty || bookmark != nil else { return nil }
    self.link = link
    self.state = state
    self.request = request
  }

  /// Whether this one leads further than another of the same stream.
  func isBetter(than other: HeldLine) -> Bool {
    (bookmark?.sequence ?? -1, state.end) > (other.bookmark?.sequence ?? -1, other.state.end)
  }
}
