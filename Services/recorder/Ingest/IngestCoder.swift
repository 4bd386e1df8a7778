/// Frames to bytes.
struct IngestEncoder {
  private(set) var bytes: [UInt8] = []

  var isEmpty: Bool { bytes.isEmpty }

  /// Forgets the first bytes, which were sent.
  mutating func drop(_ count: Int) {
    if count == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
    } else {
      bytes.removeSubrange(..<count)
    }
  }

  mutating func add(_ frame: IngestFrame) {
    switch frame {
    case .hello(let version, let build): greet(.hello, version, build)
    case .welcome(let version, let build): greet(.welcome, version, build)
    case .list: add(.list) { _ in }
    case .listed: add(.listed) { _ in }
    case .quit: add(.quit) { _ in }
    case .beat: add(.beat) { _ in }
    case .open(let line, let request): add(.open, line, request)
    case .adopt(let line): add(.adopt, line)
    case .close(let line): add(.close, line)
    case .head(let line, let head): add(.head, line, head)
    case .end(let line, let reason): add(.end, line, reason)
    case .credit(let line, let upTo):
      add(.credit) {
        $0.number(line)
        $0.number(upTo)
      }
    case .release(let line, let offset, let bookmark):
      add(.release) {
        $0.number(line)
        $0.number(offset)
        $0.bytes.append(contentsOf: bookmark)
      }
    case .held(let state): add(.held) { $0.held(state) }
    case .bytes(let line, let offset, let wall, let monotonic, let content):
      content.withUnsafeBytes { content in
        add(line, offset, wall: wall, monotonic: monotonic) { $0.append(contentsOf: content) }
      }
    }
  }

  /// A `bytes` frame, whose content is appended by the closure: what hundreds of lines bring is copied
  /// once, from where it is held to what is sent.
  mutating func add(
    _ line: UInt64, _ offset: Int64, wall: Int64, monotonic: Int64,
    content: (inout [UInt8]) -> Void
  ) {
    add(.bytes) {
      $0.number(line)
      $0.number(offset)
      $0.number(wall)
      $0.number(monotonic)
      content(&$0.bytes)
    }
  }

  private mutating func add(_ kind: IngestKind, _ fields: (inout IngestEncoder) -> Void) {
    let start = bytes.count
    number(UInt32(0))
    bytes.append(kind.rawValue)
    fields(&self)
    let length = UInt32(bytes.count - start - 4)
    for index in 0..<4 {
      bytes[start + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index)))
    }
  }

  private mutating func add(_ kind: IngestKind, _ line: UInt64, _ rest: [UInt8] = []) {
    add(kind) {
      $0.number(line)
      $0.bytes.append(contentsOf: rest)
    }
  }

  private mutating func greet(_ kind: IngestKind, _ version: UInt16, _ build: String) {
    add(kind) {
      $0.number(version)
      $0.bytes.append(contentsOf: build.utf8)
    }
  }

  private mutating func held(_ state: IngestFrame.HeldState) {
    number(state.line)
    number(state.start)
    number(state.end)
    bytes.append(state.isComplete ? 1 : 0)
    number(UInt32(state.bookmark.count))
    bytes.append(contentsOf: state.bookmark)
    bytes.append(contentsOf: state.request)
  }

  private mutating func number<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

/// Bytes to frames; they may come in pieces of any size.
struct IngestDecoder {
  /// What came cannot be a peer of ours.
  struct Nonsense: Error, Hashable {}

  private var bytes: [UInt8] = []
  private var cursor = 0

  mutating func feed(_ more: UnsafeRawBufferPointer) {
    if cursor > 0 {
      bytes.removeSubrange(..<cursor)
      cursor = 0
    }
    bytes.append(contentsOf: more)
  }

  /// The next whole frame; nil until more has come. A kind that is not known is passed over.
  mutating func next() throws(Nonsense) -> IngestFrame? {
    while bytes.count - cursor >= 4 {
      var fields = IngestFields(bytes[cursor..<cursor + 4])
      let length = Int(try fields.number(UInt32.self))
      guard length >= 1, length <= IngestFrame.longest else { throw Nonsense() }
      guard bytes.count - cursor >= 4 + length else { return nil }
      let content = bytes[cursor + 4..<cursor + 4 + length]
      cursor += 4 + length
      if let kind = IngestKind(rawValue: content[content.startIndex]) {
        return try IngestFrame(kind, IngestFields(content.dropFirst()))
      }
    }
    return nil
  }
}

enum IngestKind: UInt8 {
  case hello = 1
  case welcome = 2
  case quit = 3
  case list = 10
  case open
  case adopt
  case release
  case credit
  case close
  case held = 30
  case listed
  case head
  case bytes
  case end
  case beat
}

/// The fields of a frame, taken from the front.
struct IngestFields {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func number<Value: FixedWidthInteger>(
    _ type: Value.Type = Value.self
  ) throws(IngestDecoder.Nonsense) -> Value {
    let size = MemoryLayout<Value>.size
    guard rest.count >= size else { throw IngestDecoder.Nonsense() }
    var value = Value.zero
    withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: rest.prefix(size)) }
    rest = rest.dropFirst(size)
    return Value(littleEndian: value)
  }

  mutating func bytes(_ count: Int) throws(IngestDecoder.Nonsense) -> [UInt8] {
    guard rest.count >= count else { throw IngestDecoder.Nonsense() }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  func remainder() -> [UInt8] { Array(rest) }

  func text() -> String { String(decoding: rest, as: UTF8.self) }
}

extension IngestFrame {
  fileprivate init(_ kind: IngestKind, _ fields: IngestFields) throws(IngestDecoder.Nonsense) {
    var fields = fields
    switch kind {
    case .hello: self = .hello(version: try fields.number(), build: fields.text())
    case .welcome: self = .welcome(version: try fields.number(), build: fields.text())
    case .quit: self = .quit
    case .list: self = .list
    case .listed: self = .listed
    case .beat: self = .beat
    case .open: self = .open(line: try fields.number(), request: fields.remainder())
    case .adopt: self = .adopt(line: try fields.number())
    case .close: self = .close(line: try fields.number())
    case .head: self = .head(line: try fields.number(), head: fields.remainder())
    case .end: self = .end(line: try fields.number(), reason: fields.remainder())
    case .credit: self = .credit(line: try fields.number(), upTo: try fields.number())
    case .release:
      self = .release(
        line: try fields.number(), offset: try fields.number(), bookmark: fields.remainder())
    case .bytes:
      self = .bytes(
        line: try fields.number(), offset: try fields.number(), wall: try fields.number(),
        monotonic: try fields.number(), bytes: fields.remainder())
    case .held:
      let (line, start, end): (UInt64, Int64, Int64) =
        (try fields.number(), try fields.number(), try fields.number())
      let isComplete = try fields.number(UInt8.self) != 0
      let bookmark = try fields.bytes(Int(try fields.number(UInt32.self)))
      self = .held(
        HeldState(
          line: line, start: start, end: end, isComplete: isComplete, bookmark: bookmark,
          request: fields.remainder()))
    }
  }
}
