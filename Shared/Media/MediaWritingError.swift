/// Why frames cannot be put into a container.
public struct MediaWritingError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// An ADTS frame that holds several blocks, whose borders only a decoder finds.
    case severalBlocks
    /// AAC whose channel layout stands inside its frames.
    case layoutInsideFrames
  }

  public let kind: Kind

  public var description: String {
    switch kind {
    case .severalBlocks:
      "Each frame of this stream holds several AAC blocks, which MP4 cannot take; "
        + "play it as MPEG-TS."
    case .layoutInsideFrames:
      "This AAC stream tells its channels inside its frames, which MP4 cannot take; "
        + "play it as MPEG-TS."
    }
  }
}
