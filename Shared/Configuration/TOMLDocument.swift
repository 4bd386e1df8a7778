internal import CToml

/// Reads TOML 1.0 text into a tree of values that know their line and column.
public enum TOMLDocument {
  /// Where the text is not TOML, and why in toml++'s words.
  public struct SyntaxError: Error, Hashable, Sendable {
    public let position: TextPosition
    public let reason: String
  }

  /// The root table.
  public static func parse(_ bytes: [UInt8]) throws(SyntaxError) -> TOMLNode {
    let builder = TOMLTreeBuilder()
    var failure = airloom_toml_error()
    let isGood = withExtendedLifetime(builder) {
      bytes.withUnsafeBytes { buffer in
        airloom_toml_parse(
          buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count,
          { context, event in
            guard let context, let event else { return }
            Unmanaged<TOMLTreeBuilder>.fromOpaque(context).takeUnretainedValue().take(event.pointee)
          }, Unmanaged.passUnretained(builder).toOpaque(), &failure)
      }
    }
    guard isGood, let root = builder.root else {
      throw SyntaxError(
        position: TextPosition(line: Int(failure.line), column: Int(failure.column)),
        reason: message(of: failure))
    }
    return root
  }

  private static func message(of failure: airloom_toml_error) -> String {
    withUnsafeBytes(of: failure.message) { buffer in
      String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

/// Puts the parser's events together again; one for each parse.
private final class TOMLTreeBuilder {
  private struct Open {
    let key: (text: String, position: TextPosition)?
    let position: TextPosition
    let isTable: Bool
    var entries: [TOMLEntry] = []
    var elements: [TOMLNode] = []
  }

  private(set) var root: TOMLNode?
  private var open: [Open] = []

  func take(_ event: airloom_toml_event) {
    let position = TextPosition(line: Int(event.line), column: Int(event.column))
    switch event.kind {
    case AIRLOOM_TOML_BEGIN_TABLE, AIRLOOM_TOML_BEGIN_ARRAY:
      open.append(
        Open(
          key: key(of: event), position: position, isTable: event.kind == AIRLOOM_TOML_BEGIN_TABLE))
    case AIRLOOM_TOML_END_TABLE, AIRLOOM_TOML_END_ARRAY:
      guard let closed = open.popLast() else { return }
      let value = closed.isTable ? TOMLNode.Value.table(closed.entries) : .array(closed.elements)
      add(TOMLNode(value, at: closed.position), closed.key)
    default:
      add(TOMLNode(scalar(of: event), at: position), key(of: event))
    }
  }

  private func add(_ node: TOMLNode, _ key: (text: String, position: TextPosition)?) {
    guard !open.isEmpty else {
      root = node
      return
    }
    if let key {
      open[open.count - 1].entries.append(
        TOMLEntry(key: key.text, position: key.position, node: node))
    } else {
      open[open.count - 1].elements.append(node)
    }
  }

  private func scalar(of event: airloom_toml_event) -> TOMLNode.Value {
    switch event.kind {
    case AIRLOOM_TOML_INTEGER: .integer(event.integer)
    case AIRLOOM_TOML_FLOAT: .float(event.number)
    case AIRLOOM_TOML_BOOLEAN: .boolean(event.boolean)
    case AIRLOOM_TOML_OFFSET_DATE_TIME: .offsetDateTime(text(event.text, event.text_length))
    case AIRLOOM_TOML_LOCAL_DATE_TIME: .localDateTime(text(event.text, event.text_length))
    case AIRLOOM_TOML_LOCAL_DATE: .localDate(text(event.text, event.text_length))
    case AIRLOOM_TOML_LOCAL_TIME: .localTime(text(event.text, event.text_length))
    default: .string(text(event.text, event.text_length))
    }
  }

  private func key(of event: airloom_toml_event) -> (text: String, position: TextPosition)? {
    guard event.key != nil else { return nil }
    return (
      text(event.key, event.key_length),
      TextPosition(line: Int(event.key_line), column: Int(event.key_column))
    )
  }

  private func text(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }
}
