/// Takes the metadata out of a SHOUTcast/Icecast body: after every `metaint` bytes of audio comes
/// one length byte (in units of 16) and that much metadata, which may be nothing.
///
/// Pieces may be cut anywhere. Without a `metaint` everything is audio.
public struct ICYDeinterleaver: Sendable {
  private enum State: Hashable {
    case audio(rest: Int)
    case length
    case metadata(rest: Int)
  }

  private let interval: Int
  private var state: State
  private var block: [UInt8] = []

  /// The value of the `icy-metaint` response header; nil or zero where there is none.
  public init(interval: Int?) {
    self.interval = max(0, interval ?? 0)
    state = .audio(rest: self.interval)
  }

  /// Begins in the middle of a body: so many bytes of audio come before the next metadata block.
  public mutating func resume(audio rest: Int) {
    guard interval > 0 else { return }
    state = .audio(rest: max(0, min(rest, interval)))
  }

  /// Calls back for the audio in order (without copying) and for each metadata block that says
  /// anything.
  public mutating func feed(
    _ bytes: UnsafeRawBufferPointer, audio: (UnsafeRawBufferPointer) -> Void,
    metadata: (ICYMetadata) -> Void
  ) {
    if interval == 0 { return audio(bytes) }
    var index = 0
    while index < bytes.count {
      switch state {
      case .audio(let rest):
        let count = min(rest, bytes.count - index)
        audio(UnsafeRawBufferPointer(rebasing: bytes[index..<index + count]))
        index += count
        state = count == rest ? .length : .audio(rest: rest - count)
      case .length:
        let length = Int(bytes[index]) * 16
        index += 1
        state = length == 0 ? .audio(rest: interval) : .metadata(rest: length)
      case .metadata(let rest):
        let count = min(rest, bytes.count - index)
        block.append(contentsOf: bytes[index..<index + count])
        index += count
        state = count == rest ? .audio(rest: interval) : .metadata(rest: rest - count)
        if count == rest {
          metadata(ICYMetadata(block: block))
          block.removeAll(keepingCapacity: true)
        }
      }
    }
  }
}
