/// Finds what somebody may have meant by a name that does not exist.
public enum NearMiss {
  /// The candidate with the fewest slips (a wrong, missing, extra or swapped letter) away from the
  /// word; nil when even that is more than a third of the word.
  public static func best(for word: String, among candidates: some Sequence<String>) -> String? {
    let limit = max(1, word.count / 3)
    let ranked = candidates.map { (slips(word.lowercased(), $0.lowercased()), $0) }
      .filter { $0.0 <= limit }
    return ranked.min { $0 < $1 }?.1
  }

  /// The optimal string alignment distance.
  static func slips(_ left: String, _ right: String) -> Int {
    let (first, second) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
    var beforeLast: [Int] = []
    var last = Array(0...second.count)
    for row in first.indices {
      var current = [row + 1]
      for column in second.indices {
        let change = last[column] + (first[row] == second[column] ? 0 : 1)
        var cost = min(change, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, first[row] == second[column - 1],
          first[row - 1] == second[column]
        {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      (beforeLast, last) = (last, current)
    }
    return last[second.count]
  }
}
