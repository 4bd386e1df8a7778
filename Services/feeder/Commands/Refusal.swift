internal import Messages

/// Why a command is not done; thrown before anything of it was written.
struct Refusal: Error, Hashable {
  let kind: CommandOutcome.Refusal
  /// The part of the command at fault, such as `hostKey`.
  let field: String?
  /// One sentence: what is wrong, and what to do.
  let text: String

  init(_ kind: CommandOutcome.Refusal, _ text: String, field: String? = nil) {
    self.kind = kind
    self.field = field
    self.text = text
  }
}
