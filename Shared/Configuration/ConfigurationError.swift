/// Everything that is wrong with the settings, each in one sentence that says where and what to do.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
  public struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// The file's path, or the name of an environment variable.
    public let source: String
    /// nil where the source is not a text with lines.
    public let position: TextPosition?
    public let sentence: String

    public init(source: String, position: TextPosition? = nil, _ sentence: String) {
      self.source = source
      self.position = position
      self.sentence = sentence
    }

    /// `/etc/airloom.toml:3:1: [web] has no key 'prot'; did you mean 'port'?`
    public var description: String {
      let place = position.map { ":\($0.line):\($0.column)" } ?? ""
      return "\(source)\(place): \(sentence)"
    }
  }

  /// In the order of the file. Never empty.
  public let problems: [Problem]

  public init(_ problems: [Problem]) {
    precondition(!problems.isEmpty, "an error has at least one problem")
    self.problems = problems
  }

  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
