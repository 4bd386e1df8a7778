internal import Glibc

/// Finds the whole frames in a stream of bytes that comes in pieces of any size.
///
/// A frame counts as whole when all its bytes are there and another header (or a tag, or the end of
/// the stream) follows it, or when garbage follows and no other frame begins inside it; so a frame
/// that lost some of its bytes is left out and its neighbours are kept. Sync is taken up only where three headers of one format follow each other. Bytes that
/// belong to no frame are counted, never passed on. ID3 tags are skipped; a Xing or Info frame is
/// a frame like any other.
///
/// Where the stream begins with an Ogg page, frames are runs of pages (`OggScanner`), and each needs
/// the `preamble` of its format before it.
///
/// Nothing is allocated for a frame once the buffers have grown to the size of a piece.
public struct FrameScanner: Sendable {
  public struct Frame: Hashable, Sendable {
    /// Bytes of the stream before this frame.
    public let position: Int64
    /// Where its bytes begin in `withBytes`; valid until the next `feed` or `finish`.
    public let start: Int
    public let length: Int
    public let samples: Int
    public let hash: UInt64
    public let format: FrameFormat

    public init(
      position: Int64, start: Int, length: Int, samples: Int, hash: UInt64, format: FrameFormat
    ) {
      self.position = position
      self.start = start
      self.length = length
      self.samples = samples
      self.hash = hash
      self.format = format
    }
  }

  /// The frames completed by the last `feed` or `finish`, in order.
  public private(set) var frames: [Frame] = []
  /// Bytes that belonged to no frame and no tag, so far.
  public private(set) var skippedBytes: Int64 = 0
  /// Bytes of ID3 tags, so far.
  public private(set) var tagBytes: Int64 = 0
  /// How often sync was lost after having been found.
  public private(set) var lostSyncs = 0
  /// Why no frame was ever found, once 16 KiB were in vain and a reason is known.
  public var refusal: HeaderRefusal? {
    hasFoundFrames || skippedBytes < 16_384 ? nil : lastRefusal
  }
  /// The title in the newest header of an Ogg stream.
  public var title: String? { ogg?.title }

  private var window: [UInt8] = []
  /// Everything in `window` before this has been dealt with.
  private var cursor = 0
  private var windowPosition: Int64 = 0
  /// Of the newest frame, or of the frames that are looked for.
  public private(set) var format: FrameFormat?
  private var tagRest = 0
  private var hasFoundFrames = false
  private var lastRefusal: HeaderRefusal?
  private var ogg: OggScanner?

  public init() {}

  /// Begins in the middle of an Ogg stream, whose header pages are these.
  public init(preamble: [UInt8]) {
    guard !preamble.isEmpty else { return }
    var ogg = OggScanner()
    var cursor = 0
    preamble.withUnsafeBytes { ogg.scan($0, cursor: &cursor, position: 0) { _ in } }
    self.ogg = ogg
  }

  /// What must stand before frames of that format for them to be decoded; nil where nothing must.
  public func preamble(of format: FrameFormat) -> [UInt8]? {
    format.setup == 0 ? nil : ogg?.preamble(of: format)
  }

  /// Takes the next bytes and sets `frames`.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    discardConsumed()
    window.append(contentsOf: bytes)
    scan(isEnd: false)
  }

  public mutating func feed(_ bytes: [UInt8]) { bytes.withUnsafeBytes { feed($0) } }

  /// The stream has ended: sets `frames` to what can be said now of the bytes held back.
  public mutating func finish() {
    discardConsumed()
    scan(isEnd: true)
  }

  /// The bytes that the frames' `start` counts in.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    try window.withUnsafeBytes(body)
  }

  private mutating func discardConsumed() {
    frames.removeAll(keepingCapacity: true)
    window.removeSubrange(..<cursor)
    windowPosition += Int64(cursor)
    cursor = 0
  }

  private mutating func scan(isEnd: Bool) {
    if ogg == nil, windowPosition + Int64(cursor) == 0 {
      if window.count < OggPage.capture.count, !isEnd, OggPage.capture.starts(with: window) {
        return
      }
      if window.starts(with: OggPage.capture) { ogg = OggScanner() }
    }
    if ogg != nil { return scanPages(isEnd: isEnd) }
    // A second reference, so that the closure may change the rest of self; released before the
    // next append, which therefore copies nothing.
    let window = self.window
    window.withUnsafeBytes { bytes in
      while step(bytes, isEnd) {}
    }
    if isEnd { skip(to: window.count) }
  }

  private mutating func scanPages(isEnd: Bool) {
    guard var ogg else { return }
    // As above; and its buffers are not to be copied.
    self.ogg = nil
    let window = self.window
    let before = (skipped: ogg.skippedBytes, lost: ogg.lostPages)
    window.withUnsafeBytes { bytes in
      ogg.scan(bytes, cursor: &cursor, position: windowPosition) { frames.append($0) }
    }
    skippedBytes += ogg.skippedBytes - before.skipped
    lostSyncs += ogg.lostPages - before.lost
    if let last = frames.last {
      hasFoundFrames = true
      format = last.format
    }
    if ogg.isRefused { lastRefusal = .oggCoding }
    self.ogg = ogg
    if isEnd { skip(to: window.count) }
  }

  /// Deals with what is at the cursor; false when more bytes are needed.
  private mutating func step(_ bytes: UnsafeRawBufferPointer, _ isEnd: Bool) -> Bool {
    if tagRest > 0 { return passTag(bytes) }
    guard cursor < bytes.count else { return false }
    guard let format else { return seek(bytes, isEnd) }
    switch FrameHeader.read(bytes, at: cursor) {
    case .header(let header) where header.format == format:
      switch follows(bytes, cursor + header.length, isEnd) {
      case .yes:
        emit(header, bytes)
        return true
      case .no: return passUnfollowed(header, bytes, isEnd)
      case .unknown: return false
      }
    case .header:
      self.format = nil
      return true
    case .unknown where !isEnd: return false
    case .absent:
      switch TagHeader.read(bytes, at: cursor) {
      case .tag(let length):
        tagRest = length
        return true
      case .unknown where !isEnd: return false
      default: return loseSync()
      }
    default: return loseSync()
    }
  }

  /// Looks for the first place where three headers of one format follow each other.
  private mutating func seek(_ bytes: UnsafeRawBufferPointer, _ isEnd: Bool) -> Bool {
    if windowPosition + Int64(cursor) == 0 {
      switch TagHeader.read(bytes, at: 0) {
      case .tag(let length):
        tagRest = length
        return true
      case .unknown where !isEnd: return false
      default: break
      }
    }
    guard let candidate = nextSyncByte(bytes) else {
      skip(to: bytes.count)
      return false
    }
    skip(to: candidate)
    switch FrameHeader.read(bytes, at: candidate) {
    case .header(let header):
      switch chain(header, bytes, isEnd) {
      case .yes: format = header.format
      case .no: skip(to: candidate + 1)
      case .unknown: return false
      }
    case .refused(let reason):
      lastRefusal = lastRefusal == .freeFormat ? .freeFormat : reason
      skip(to: candidate + 1)
    case .unknown where !isEnd: return false
    case .absent, .unknown: skip(to: candidate + 1)
    }
    return true
  }

  private enum Answer { case yes, no, unknown }

  private func chain(
    _ first: FrameHeader, _ bytes: UnsafeRawBufferPointer, _ isEnd: Bool
  ) -> Answer {
    var next = cursor + first.length
    for _ in 0..<2 {
      if isEnd, next == bytes.count { return .yes }
      if next >= bytes.count { return isEnd ? .no : .unknown }
      switch FrameHeader.read(bytes, at: next) {
      case .header(let header) where header.format == first.format: next += header.length
      case .unknown where !isEnd: return .unknown
      default: return .no
      }
    }
    return .yes
  }

  /// Whether something that may follow a frame stands there.
  private func follows(
    _ bytes: UnsafeRawBufferPointer, _ index: Int, _ isEnd: Bool
  ) -> Answer {
    if index > bytes.count { return isEnd ? .no : .unknown }
    if index == bytes.count { return isEnd ? .yes : .unknown }
    switch FrameHeader.read(bytes, at: index) {
    case .header: return .yes
    case .refused: return .no
    case .unknown: return isEnd ? .yes : .unknown
    case .absent:
      switch TagHeader.read(bytes, at: index) {
      case .tag: return .yes
      case .unknown: return isEnd ? .yes : .unknown
      case .absent: return .no
      }
    }
  }

  /// A frame is there and nothing that belongs behind it: either garbage follows, or the frame lost
  /// bytes and the next one begins inside it.
  private mutating func passUnfollowed(
    _ header: FrameHeader, _ bytes: UnsafeRawBufferPointer, _ isEnd: Bool
  ) -> Bool {
    let end = min(bytes.count, cursor + header.length)
    for index in cursor + 1..<end where bytes[index] == 0xFF {
      guard case .header(let inner) = FrameHeader.read(bytes, at: index),
        inner.format == header.format
      else { continue }
      switch follows(bytes, index + inner.length, isEnd) {
      case .yes: return loseSync()
      case .no: continue
      case .unknown: return false
      }
    }
    guard cursor + header.length <= bytes.count else { return loseSync() }
    emit(header, bytes)
    format = nil
    lostSyncs += 1
    return true
  }

  private mutating func emit(_ header: FrameHeader, _ bytes: UnsafeRawBufferPointer) {
    hasFoundFrames = true
    let content = UnsafeRawBufferPointer(rebasing: bytes[cursor..<cursor + header.length])
    frames.append(
      Frame(
        position: windowPosition + Int64(cursor), start: cursor, length: header.length,
        samples: header.samples, hash: frameHash(content), format: header.format))
    cursor += header.length
  }

  private mutating func passTag(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let count = min(tagRest, bytes.count - cursor)
    tagRest -= count
    tagBytes += Int64(count)
    cursor += count
    return tagRest == 0
  }

  private mutating func loseSync() -> Bool {
    format = nil
    lostSyncs += 1
    skip(to: cursor + 1)
    return true
  }

  private mutating func skip(to index: Int) {
    skippedBytes += Int64(max(0, index - cursor))
    cursor = max(cursor, index)
  }

  private func nextSyncByte(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress,
      let found = memchr(base + cursor, 0xFF, bytes.count - cursor)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
