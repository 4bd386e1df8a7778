import HTTPServer

extension Request {
  /// Where a list that is ordered by time goes on.
  func timeCursor() throws(Problem) -> Cursor? {
    let cursor = try cursor()
    if let cursor, cursor.number == nil { throw Request.unknownCursor }
    return cursor
  }

  /// Where a list goes on; nil for its beginning.
  func cursor() throws(Problem) -> Cursor? {
    guard let text = query("after"), !text.isEmpty else { return nil }
    guard let cursor = Cursor(text) else { throw Request.unknownCursor }
    return cursor
  }

  private static let unknownCursor = Problem(
    422, "invalid", "after must be what an earlier answer gave as next.", field: "after")
}

extension Array {
  /// Where the list goes on, to be sent with it; nil where this was its end. Lists are asked for with
  /// one more than is shown.
  mutating func cut(to limit: Int, at cursor: (Element) -> Cursor) -> String? {
    guard count > limit else { return nil }
    removeLast(count - limit)
    return last.map { cursor($0).text }
  }
}
