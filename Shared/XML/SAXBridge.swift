internal import CXML

/// Owns the libxml2 parser and turns its callbacks into calls of the handler.
///
/// libxml2 holds it by an unretained pointer; the parser is freed here, so it never outlives it.
final class SAXBridge {
  private let handler: any XMLHandler
  private let limits: XMLLimits
  private var context: xmlParserCtxtPtr?
  private var depth = 0
  private(set) var hasElements = false
  private(set) var complaints: [String] = []
  private(set) var complaintCount = 0
  private(set) var stopped: XMLError?

  init(handler: any XMLHandler, limits: XMLLimits) {
    self.handler = handler
    self.limits = limits
    _ = SAXBridge.library
    var callbacks = SAXBridge.callbacks()
    let pointer = Unmanaged.passUnretained(self).toOpaque()
    guard let context = xmlCreatePushParserCtxt(&callbacks, pointer, nil, 0, nil) else {
      preconditionFailure("out of memory")
    }
    self.context = context
    xmlCtxtUseOptions(context, airloom_xml_options())
  }

  deinit { xmlFreeParserCtxt(context) }

  func parse(_ bytes: [UInt8], isLast: Bool) {
    guard stopped == nil else { return }
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      // libxml2 takes an Int32's worth; one call at the end also without any bytes.
      repeat {
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 20))
        rest = rest.dropFirst(part.count)
        xmlParseChunk(
          context, part.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(part.count),
          isLast && rest.isEmpty ? 1 : 0)
      } while !rest.isEmpty && stopped == nil
    }
  }

  func stop(_ error: XMLError) {
    stopped = stopped ?? error
    xmlStopParser(context)
  }

  // MARK: - What libxml2 calls

  private func begin(_ name: XMLName, _ attributes: [(name: XMLName, value: String)]) {
    guard stopped == nil else { return }
    depth += 1
    hasElements = true
    if depth > limits.depth {
      return stop(XMLError(.tooDeep, "it is nested deeper than \(limits.depth) elements"))
    }
    handler.begin(XMLElement(name: name, attributes: attributes))
  }

  private func end(_ name: XMLName) {
    guard stopped == nil else { return }
    depth -= 1
    handler.end(name)
  }

  private func text(_ start: UnsafePointer<xmlChar>?, _ count: Int) {
    guard stopped == nil, count > 0 else { return }
    handler.text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
  }

  private func complain(_ error: xmlErrorPtr) {
    complaintCount += 1
    guard complaints.count < limits.warnings else { return }
    let message = error.pointee.message.map { String(cString: $0) } ?? "an error without a text"
    let line = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? message
    complaints.append("line \(error.pointee.line): \(line.prefix(160))")
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> SAXBridge {
    guard let context else { preconditionFailure("a libxml2 callback came without its context") }
    return Unmanaged<SAXBridge>.fromOpaque(context).takeUnretainedValue()
  }

  private static func callbacks() -> xmlSAXHandler {
    var callbacks = xmlSAXHandler()
    callbacks.initialized = UInt32(XML_SAX2_MAGIC)
    callbacks.startElementNs = { context, local, prefix, uri, _, _, count, _, attributes in
      SAXBridge.from(context).begin(
        SAXBridge.name(local, prefix, uri), SAXBridge.attributes(attributes, Int(count)))
    }
    callbacks.endElementNs = { context, local, prefix, uri in
      SAXBridge.from(context).end(SAXBridge.name(local, prefix, uri))
    }
    callbacks.characters = { context, text, count in
      SAXBridge.from(context).text(text, Int(count))
    }
    callbacks.ignorableWhitespace = callbacks.characters
    callbacks.serror = { context, error in
      if let error { SAXBridge.from(context).complain(UnsafeMutablePointer(mutating: error)) }
    }
    return callbacks
  }

  private static func name(
    _ local: UnsafePointer<xmlChar>?, _ prefix: UnsafePointer<xmlChar>?,
    _ namespace: UnsafePointer<xmlChar>?
  ) -> XMLName {
    XMLName(prefix: text(prefix), local: text(local), namespace: text(namespace))
  }

  private static func text(_ pointer: UnsafePointer<xmlChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }

  /// Five pointers each: local name, prefix, namespace, and the value's begin and end.
  private static func attributes(
    _ start: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, _ count: Int
  ) -> [(name: XMLName, value: String)] {
    guard let start else { return [] }
    return (0..<count).map { index in
      let field = start + index * 5
      let value =
        if let begin = field[3], let end = field[4] {
          plain(UnsafeBufferPointer(start: begin, count: end - begin))
        } else {
          ""
        }
      return (name(field[0], field[1], field[2]), value)
    }
  }

  /// libxml2 leaves an `&` of a value written as a number when it does not replace entities
  /// (xmlParseAttValueInternal).
  private static func plain(_ bytes: UnsafeBufferPointer<xmlChar>) -> String {
    guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
    var plain: [UInt8] = []
    var index = 0
    let written = Array("&#38;".utf8)
    while index < bytes.count {
      let isReference = bytes[index...].prefix(written.count).elementsEqual(written)
      plain.append(bytes[index])
      index += isReference ? written.count : 1
    }
    return String(decoding: plain, as: UTF8.self)
  }

  private static let library: Void = xmlInitParser()
}
