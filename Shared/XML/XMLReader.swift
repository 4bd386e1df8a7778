internal import CXML

/// Reads a document chunk by chunk, as forgiving as can be, and hands its elements to a handler.
///
/// libxml2's SAX2 push parser in recover mode, behind a `DocumentDecoder` and a `MarkupMender`: it
/// sees UTF-8 without declarations, so that no entity can be defined, no file or address be opened,
/// and no document be larger inside than outside. What it complains of is gathered in `warnings`.
///
/// For one document, on one thread at a time.
public final class XMLReader {
  private let limits: XMLLimits
  private let bridge: SAXBridge
  private var decoder: DocumentDecoder
  private var mender = MarkupMender()
  private var received = 0
  private var failure: XMLError?

  /// The handler is kept only weakly used: it must live as long as the reader is fed. `contentType`
  /// is the HTTP header's value; its `charset` wins over what the document says of itself.
  public init(
    handler: any XMLHandler, contentType: String? = nil, limits: XMLLimits = XMLLimits()
  ) {
    self.limits = limits
    decoder = DocumentDecoder(
      charset: contentType.flatMap(CharacterEncoding.charset(ofContentType:)))
    bridge = SAXBridge(handler: handler, limits: limits)
  }

  /// - Throws: `XMLError` when the document is to be given up; what was handed over stands.
  public func feed(_ bytes: some ContiguousBytesOfXML) throws(XMLError) {
    if let failure { throw failure }
    var decoded: [UInt8] = []
    let count = bytes.withBytes { buffer in
      decoder.decode(buffer, into: &decoded)
      return buffer.count
    }
    received += count
    if received > limits.bytes {
      throw fail(.tooLong, "it is longer than \(limits.bytes >> 20) MiB")
    }
    try pass(decoded, isLast: false)
  }

  /// The document's end. To be called once.
  public func finish() throws(XMLError) {
    if let failure { throw failure }
    var decoded: [UInt8] = []
    decoder.finish(into: &decoded)
    try pass(decoded, isLast: true)
    if !bridge.hasElements { throw fail(.empty, "it holds no element at all") }
  }

  /// Ends it from within the handler.
  public func stop() { bridge.stop(XMLError(.stopped, "it was stopped")) }

  /// What had to be mended or left out, as sentences; the first few.
  public var warnings: [String] {
    var all: [String] = []
    if let name = decoder.unknownName {
      all.append("the encoding '\(name.prefix(40))' is not known")
    }
    if decoder.repaired > 0 {
      all.append("\(decoder.repaired) bytes are not of its encoding, and were guessed")
    }
    if mender.hasDeclaration { all.append("its document type declaration was left out") }
    if mender.dropped > 0 { all.append("\(mender.dropped) forbidden characters were dropped") }
    if mender.bare > 0 {
      all.append("\(mender.bare) times '&' or '<' was not written as XML wants")
    }
    if mender.unbalanced > 0 {
      all.append("\(mender.unbalanced) ends of elements were missing or too many (mismatched tags)")
    }
    all += bridge.complaints
    if bridge.complaintCount > bridge.complaints.count {
      all.append("\(bridge.complaintCount - bridge.complaints.count) more complaints of the parser")
    }
    return all
  }

  private func pass(_ decoded: [UInt8], isLast: Bool) throws(XMLError) {
    var mended: [UInt8] = []
    mender.mend(decoded, into: &mended)
    if isLast { mender.finish(into: &mended) }
    bridge.parse(mended, isLast: isLast)
    if let stopped = bridge.stopped {
      failure = stopped
      throw stopped
    }
  }

  private func fail(_ kind: XMLError.Kind, _ text: String) -> XMLError {
    let error = XMLError(kind, text)
    failure = error
    return error
  }
}

/// Bytes that can be fed without a copy.
public protocol ContiguousBytesOfXML {
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result
}

extension [UInt8]: ContiguousBytesOfXML {
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withUnsafeBytes(body)
  }
}
