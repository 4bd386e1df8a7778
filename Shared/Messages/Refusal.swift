/// Why a command is not done; thrown by whoever checks it, before anything of it was written.
public struct Refusal: Error, Hashable {
  public let kind: CommandOutcome.Refusal
  /// The part of the command at fault, such as `rule.expression`.
  public let field: String?
  /// One sentence: what is wrong, and what to do.
  public let text: String

  public init(_ kind: CommandOutcome.Refusal, _ text: String, field: String? = nil) {
    self.kind = kind
    self.field = field
    self.text = text
  }
}
