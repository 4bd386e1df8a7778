/// What a recorder and its ingest say to each other over their socket.
///
/// On the wire a frame is four bytes of length (of what follows, little-endian like all numbers), one
/// byte of kind, and its fields; a text or bytes at the end fill the rest. `hello`, `welcome` and `quit`
/// never change, so that programs of different versions can at least part in peace; everything else
/// belongs to `version`.
///
/// A *line* is one connection to a source with every byte that it brought since the last `release`.
/// Offsets count the bytes of a line's body from its first one.
enum IngestFrame: Hashable, Sendable {
  static let version: UInt16 = 1
  /// Longer ones are a peer that speaks something else.
  static let longest = 1 << 20

  // MARK: From the recorder

  /// The first frame of whoever comes: from now on this is the recorder, and an earlier one is not.
  case hello(version: UInt16, build: String)
  /// Answered by a `held` for each line, then `listed`.
  case list
  /// Connects to a source. The recorder chooses the numbers, each once in the ingest's life.
  case open(line: UInt64, request: [UInt8])
  /// Gives a held line to this recorder: its head, then its bytes from the last release on.
  case adopt(line: UInt64)
  /// What stands before `offset` is not needed any more. The bookmark is the recorder's own and comes
  /// back with the list: how to read on from there.
  case release(line: UInt64, offset: Int64, bookmark: [UInt8])
  /// Bytes up to there may be sent.
  case credit(line: UInt64, upTo: Int64)
  case close(line: UInt64)
  /// End the process.
  case quit

  // MARK: From the ingest

  case welcome(version: UInt16, build: String)
  case held(HeldState)
  case listed
  case head(line: UInt64, head: [UInt8])
  /// The arrival is that of the last of them, in microseconds of wall time and nanoseconds of the
  /// monotonic clock.
  case bytes(line: UInt64, offset: Int64, wall: Int64, monotonic: Int64, bytes: [UInt8])
  /// No bytes come after those that were sent; an empty reason is an end by the server.
  case end(line: UInt64, reason: [UInt8])
  /// Comes at least every half second: the process lives.
  case beat

  /// A line as the list tells of it.
  struct HeldState: Hashable, Sendable {
    var line: UInt64
    /// Where the bytes that are held begin, and where they end so far.
    var start: Int64
    var end: Int64
    /// What the last release said; empty where there was none. It is for `start` unless some of what it
    /// was for had to be given up, which makes it void.
    var isComplete: Bool
    var bookmark: [UInt8]
    var request: [UInt8]
  }
}
