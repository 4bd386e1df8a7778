/// Why a document was given up, with one sentence for a person.
///
/// What can be mended is no error: it is told among the reader's warnings.
public struct XMLError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable {
    /// Longer than `XMLLimits.bytes`.
    case tooLong
    /// Nested deeper than `XMLLimits.depth`.
    case tooDeep
    /// Stopped by whoever takes the elements.
    case stopped
    /// There is no element in it at all.
    case empty
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// How much of a document is taken. The defaults are for feeds.
public struct XMLLimits: Hashable, Sendable {
  /// Of the document as it came, after decompression.
  public var bytes = 20 << 20
  public var depth = 64
  /// Complaints that are kept; the others are only counted.
  public var warnings = 8

  public init() {}
}
