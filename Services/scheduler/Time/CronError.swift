/// What is wrong with a cron expression, in one sentence for the person who typed it.
struct CronError: Error, Hashable, CustomStringConvertible {
  /// The field's name, such as `hour`; nil where it is the expression as a whole.
  let field: String?
  /// The column where it goes wrong, from 1.
  let column: Int
  /// What is wrong, as the rest of a sentence without its full stop.
  let reason: String

  var description: String {
    guard let field else { return "The schedule cannot be read at column \(column): \(reason)." }
    return "The \(field) field cannot be read at column \(column): \(reason)."
  }
}
