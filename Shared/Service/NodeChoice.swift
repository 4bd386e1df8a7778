public import Base

/// How a process comes by its name on the bus.
public enum NodeChoice: Sendable, Hashable {
  case named(NodeID)
  /// The first of `<service>-1`, `<service>-2`, … that no other process holds. The name decides which
  /// database and which tapes a process has, so workers that are scaled keep them: whichever process
  /// comes next goes on with what a name has.
  case firstFree(service: String)

  /// What `--node` says: a name, or `auto` where `defaultNode` is the first of several.
  public init(_ text: String, defaultNode: NodeID) throws(ServiceError) {
    if text == "auto" {
      guard defaultNode.text.hasSuffix("-1") else {
        throw ServiceError(
          .usage,
          "there is only one \(defaultNode), so its name cannot be 'auto', which is for recorders and "
            + "converters: leave out --node and AIRLOOM_NODE")
      }
      self = .firstFree(service: String(defaultNode.text.dropLast(2)))
      return
    }
    guard let node = NodeID(text) else {
      throw ServiceError(
        .usage,
        "'\(text)' cannot be a node's name: use lower-case letters, digits, '-', '_' and '.'")
    }
    self = .named(node)
  }
}
