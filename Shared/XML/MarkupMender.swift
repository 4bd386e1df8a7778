/// Takes out of a document what libxml2 would stumble over or must not see, and puts in what it
/// understands, chunk by chunk, before it is parsed:
///
/// - the document type declaration is left out, so that no entity is ever declared: nothing can be
///   expanded, and nothing outside be asked for;
/// - HTML's names of characters become numbers, a bare `&` or `<` becomes what it means, characters
///   that XML forbids are dropped, and numbers 128 to 159 are read as windows-1252;
/// - CDATA sections become ordinary text; comments and instructions are left out;
/// - every element ends, the inner ones first, and an end of what never began is dropped.
///
/// Takes and makes UTF-8. Lines stay where they were.
struct MarkupMender {
  private enum State {
    case text
    /// After a `<`: what came of it is in `held`.
    case opening
    /// In a tag, likewise.
    case tag(quote: UInt8?)
    /// After an `&`, likewise.
    case reference
    case data
    case comment
    case instruction
    case declaration(depth: Int, quote: UInt8?)
  }

  private static let longestReference = 34
  /// A tag that goes on for longer is none.
  private static let longestTag = 64 << 10
  private static let openings: [([UInt8], State)] = [
    (Array("<!--".utf8), .comment), (Array("<![cdata[".utf8), .data),
    (Array("<?".utf8), .instruction), (Array("<!doctype".utf8), .declaration(depth: 0, quote: nil)),
  ]

  private var state = State.text
  private var held: [UInt8] = []
  /// The last two bytes of what is being left out.
  private var last: (UInt8, UInt8) = (0, 0)
  private var isInside = false
  /// The names of the elements that have begun and not ended.
  private var open: [[UInt8]] = []
  private(set) var hasDeclaration = false
  /// Forbidden characters that were dropped.
  private(set) var dropped = 0
  /// `&` and `<` that stood for themselves.
  private(set) var bare = 0
  /// Ends that were added or dropped.
  private(set) var unbalanced = 0

  mutating func mend(_ bytes: [UInt8], into output: inout [UInt8]) {
    output.reserveCapacity(output.count + bytes.count)
    bytes.withUnsafeBufferPointer { bytes in
      var index = 0
      while index < bytes.count {
        if case .text = state, case let end = plainEnd(bytes, from: index), end > index {
          if isInside { output.append(contentsOf: bytes[index..<end]) }
          index = end
        } else {
          take(bytes[index], into: &output)
          index += 1
        }
      }
    }
  }

  mutating func finish(into output: inout [UInt8]) {
    switch state {
    case .reference: endReference(nil, into: &output)
    default: break
    }
    unbalanced += open.count
    while let name = open.popLast() { Self.append(endOf: name, to: &output) }
    held = []
    state = .text
  }

  /// Where the next byte is that needs a look.
  private func plainEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "<") || byte == UInt8(ascii: "&") || byte < 0x20 {
        break
      }
      index += 1
    }
    return index
  }

  private mutating func take(_ byte: UInt8, into output: inout [UInt8]) {
    switch state {
    case .text: takeText(byte, into: &output)
    case .opening: takeOpening(byte, into: &output)
    case .tag(let quote): takeTag(byte, quote, into: &output)
    case .reference: takeReference(byte, into: &output)
    case .data: takeData(byte, into: &output)
    case .comment:
      if last == (UInt8(ascii: "-"), UInt8(ascii: "-")), byte == UInt8(ascii: ">") { state = .text }
      skip(byte, into: &output)
    case .instruction:
      if last.1 == UInt8(ascii: "?"), byte == UInt8(ascii: ">") { state = .text }
      skip(byte, into: &output)
    case .declaration(let depth, let quote):
      takeDeclaration(byte, depth, quote)
      skip(byte, into: &output)
    }
  }

  private mutating func takeText(_ byte: UInt8, into output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "<"):
      held = [byte]
      state = .opening
    case UInt8(ascii: "&"):
      held = [byte]
      state = .reference
    case 0x09, 0x0A, 0x0D: if isInside || byte == 0x0A { output.append(byte) }
    case ..<0x20: dropped += 1
    default: if isInside { output.append(byte) }
    }
  }

  private mutating func takeOpening(_ byte: UInt8, into output: inout [UInt8]) {
    held.append(byte)
    let word = held.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    for (opening, next) in Self.openings {
      if word == opening {
        held = []
        last = (0, 0)
        if case .declaration = next { hasDeclaration = true }
        state = next
        return
      }
      if opening.starts(with: word) { return }
    }
    let first = held[1]
    let isTag =
      first >= 0x80 || first == UInt8(ascii: "/") || first == UInt8(ascii: "_")
      || (first | 0x20 >= UInt8(ascii: "a") && first | 0x20 <= UInt8(ascii: "z"))
    state = .text
    if isTag {
      isInside = true
      state = .tag(quote: nil)
      let after = held.dropFirst(2)
      held = Array(held.prefix(2))
      for byte in after { take(byte, into: &output) }
      return
    }
    held = []
    if first != UInt8(ascii: "!") {
      bare += 1
      if isInside { output.append(contentsOf: "&#60;".utf8) }
      take(byte, into: &output)
    } else {
      // A declaration of another kind (`<!ELEMENT`), out of its place.
      last = (0, 0)
      state = .declaration(depth: 0, quote: nil)
      takeDeclaration(byte, 0, nil)
    }
  }

  private mutating func takeTag(_ byte: UInt8, _ quote: UInt8?, into output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: ">") where quote == nil:
      held.append(byte)
      endTag(into: &output)
    // A tag that was never ended.
    case UInt8(ascii: "<") where quote == nil:
      held.append(UInt8(ascii: ">"))
      endTag(into: &output)
      take(byte, into: &output)
    case _ where held.count >= Self.longestTag:
      held = []
      state = .text
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      held.append(byte)
      let isOutside = quote == nil
      state = .tag(quote: isOutside ? byte : quote == byte ? nil : quote)
    default: held.append(byte)
    }
  }

  private mutating func endTag(into output: inout [UInt8]) {
    let tag = held
    held = []
    state = .text
    let isEnd = tag[1] == UInt8(ascii: "/")
    let name = Array(
      tag.dropFirst(isEnd ? 2 : 1).prefix {
        $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ">")
      })
    if isEnd {
      close(name, into: &output)
    } else {
      append(tag: tag, to: &output)
      if tag[tag.count - 2] != UInt8(ascii: "/") { open.append(name) }
    }
  }

  private mutating func close(_ name: [UInt8], into output: inout [UInt8]) {
    guard let index = open.lastIndex(of: name) else {
      unbalanced += 1
      return
    }
    unbalanced += open.count - index - 1
    for inner in open[index...].reversed() { Self.append(endOf: inner, to: &output) }
    open.removeSubrange(index...)
  }

  private static func append(endOf name: [UInt8], to output: inout [UInt8]) {
    output.append(contentsOf: "</".utf8)
    output.append(contentsOf: name)
    output.append(UInt8(ascii: ">"))
  }

  /// A tag's references are mended as those of text are.
  private mutating func append(tag: [UInt8], to output: inout [UInt8]) {
    output.append(UInt8(ascii: "<"))
    for byte in tag.dropFirst().dropLast() {
      switch (state, byte) {
      case (.reference, _): takeReference(byte, into: &output)
      case (_, UInt8(ascii: "&")):
        held = [byte]
        state = .reference
      case (_, UInt8(ascii: "<")): output.append(contentsOf: "&#60;".utf8)
      case (_, ..<0x20): if byte == 0x09 || byte == 0x0A || byte == 0x0D { output.append(byte) }
      default: output.append(byte)
      }
    }
    if case .reference = state { endReference(nil, into: &output) }
    held = []
    state = .text
    output.append(UInt8(ascii: ">"))
  }

  private mutating func takeReference(_ byte: UInt8, into output: inout [UInt8]) {
    let isName =
      (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
      || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
      || (byte == UInt8(ascii: "#") && held.count == 1)
    if isName, held.count < Self.longestReference {
      held.append(byte)
    } else {
      endReference(byte, into: &output)
    }
  }

  /// `byte` is what ended it; nil at the end of the document.
  private mutating func endReference(_ byte: UInt8?, into output: inout [UInt8]) {
    let name = held.dropFirst()
    held = []
    state = .text
    let isEnded = byte == UInt8(ascii: ";")
    if isEnded, let point = Self.codePoint(name) {
      if Self.isAllowed(point) {
        if isInside { output.append(contentsOf: "&#\(point);".utf8) }
      } else {
        dropped += 1
      }
      return
    }
    bare += 1
    if isInside {
      output.append(contentsOf: "&#38;".utf8)
      output.append(contentsOf: name)
    }
    if let byte { take(byte, into: &output) }
  }

  private static func codePoint(_ name: ArraySlice<UInt8>) -> UInt32? {
    let text = String(decoding: name, as: UTF8.self)
    guard text.hasPrefix("#") else { return EntityNames.codePoints[text[...]] }
    let digits = text.dropFirst()
    let point =
      digits.first == "x" || digits.first == "X"
      ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return point.map {
      (0x80...0x9F).contains($0) ? CharacterEncoding.windows1252Scalar(UInt8($0)) : $0
    }
  }

  /// XML 1.0 §2.2.
  private static func isAllowed(_ point: UInt32) -> Bool {
    switch point {
    case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }

  /// Brackets are held back until it is known whether they end the section.
  private mutating func takeData(_ byte: UInt8, into output: inout [UInt8]) {
    if byte == UInt8(ascii: "]") {
      if held.count == 2 { appendData(byte, into: &output) } else { held.append(byte) }
    } else if byte == UInt8(ascii: ">"), held.count == 2 {
      held = []
      state = .text
    } else {
      for bracket in held { appendData(bracket, into: &output) }
      held = []
      appendData(byte, into: &output)
    }
  }

  private mutating func appendData(_ byte: UInt8, into output: inout [UInt8]) {
    guard isInside else { return }
    switch byte {
    case UInt8(ascii: "<"): output.append(contentsOf: "&#60;".utf8)
    case UInt8(ascii: ">"): output.append(contentsOf: "&#62;".utf8)
    case UInt8(ascii: "&"): output.append(contentsOf: "&#38;".utf8)
    case 0x09, 0x0A, 0x0D: output.append(byte)
    case ..<0x20: dropped += 1
    default: output.append(byte)
    }
  }

  /// Ends at its `>`; what stands in brackets and in quotes is passed over.
  private mutating func takeDeclaration(_ byte: UInt8, _ depth: Int, _ quote: UInt8?) {
    var depth = depth
    var quote = quote
    switch byte {
    case _ where quote != nil: if byte == quote { quote = nil }
    // Inside the brackets an apostrophe may stand in a comment, where it opens nothing.
    case UInt8(ascii: "\""), UInt8(ascii: "'"): if depth == 0 { quote = byte }
    case UInt8(ascii: "["): depth += 1
    case UInt8(ascii: "]"): depth = max(0, depth - 1)
    case UInt8(ascii: ">") where depth == 0:
      state = .text
      return
    default: break
    }
    state = .declaration(depth: depth, quote: quote)
  }

  private mutating func skip(_ byte: UInt8, into output: inout [UInt8]) {
    if byte == 0x0A { output.append(byte) }
    remember(byte)
  }

  private mutating func remember(_ byte: UInt8) { last = (last.1, byte) }
}
