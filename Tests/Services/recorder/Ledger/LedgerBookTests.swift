import Base
import Testing

@testable import airloom_recorder

@Suite struct LedgerBookTests {
  /// A page of Ogg lasts a second: what is still being made of it is not missing.
  @Test(arguments: [
    (piece: 26, lag: 900, isGap: false), (piece: 26, lag: 1500, isGap: true),
    (piece: 1000, lag: 1500, isGap: false), (piece: 1000, lag: 2500, isGap: true),
  ])
  func `What had not come when the stream was let go of is missing beyond the piece being made`(
    _ example: (piece: Int, lag: Int, isGap: Bool)
  ) {
    let start = Instant(seconds: 1_700_000_000)
    let end = start + .seconds(60)
    var book = LedgerBook()
    _ = book.wanted(since: start)
    _ = book.contact(at: start)
    book.came(.milliseconds(example.piece))
    let changes = book.unwanted(at: end + .milliseconds(example.lag), tapeEnd: end)
    let hasGap = changes.contains { if case .gap = $0 { true } else { false } }
    #expect(hasGap == example.isGap, "\(changes)")
  }
}
