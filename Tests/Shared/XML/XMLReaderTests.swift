import Base
import TestSupport
import Testing

@testable import XML

@Suite("The XML reader")
struct XMLReaderTests {
  static let documents: [(String, String, String)] = [
    ("plain", "<a><b>x</b></a>", "<a><b>x</b></a>"),
    ("an undeclared entity of HTML", "<a>1&nbsp;2 &eacute;</a>", "<a>1\u{A0}2 é</a>"),
    ("an entity that nobody knows", "<a>&lol;</a>", "<a>&lol;</a>"),
    ("a bare ampersand", "<a>Q & A, R&D; x&</a>", "<a>Q & A, R&D; x&</a>"),
    ("a bare ampersand in an address", "<a h='?a=1&b=2&amp;c=3'/>", "<a h=?a=1&b=2&c=3></a>"),
    ("a bare less-than", "<a>1 < 2</a>", "<a>1 < 2</a>"),
    ("CDATA", "<a><![CDATA[<b>&amp; ]] ]]]></a>", "<a><b>&amp; ]] ]</a>"),
    (
      "a comment and an instruction", "<a>x<!-- <b> -- & -->y<?php echo 1 > 0 ?>z</a>", "<a>xyz</a>"
    ),
    ("control characters", "<a>x\u{1}\u{8}y&#7;z</a>", "<a>xyz</a>"),
    ("windows-1252 by number", "<a>don&#146;t &#x92;</a>", "<a>don’t ’</a>"),
    ("a mismatched end", "<a><b>x</a>", "<a><b>x</b></a>"),
    ("an inner end too few", "<a><b><br>x</b>y</a>", "<a><b><br>x</br></b>y</a>"),
    ("an end too many", "<a>x</b>y</a>", "<a>xy</a>"),
    ("a tag that never ends", "<a><b c='d'<e/></b></a>", "<a><b c=d><e></e></b></a>"),
    ("an angle in an attribute", "<a b='x>y<z'/>", "<a b=x>y<z></a>"),
    ("no end", "<a><b>x", "<a><b>x</b></a>"),
    ("an undeclared prefix", "<a><i:b>x</i:b></a>", "<a><i:b>x</i:b></a>"),
    ("text before the root", "  junk\n<a/>", "<a></a>"),
    (
      "a document type with entities",
      "<!DOCTYPE a [<!ENTITY x \"y\"><!-- don't ] > -->]><a>&x;</a>", "<a>&x;</a>"
    ),
    ("a document type of HTML", "<!doctype rss PUBLIC \"a>b\" 'c'><a>x</a>", "<a>x</a>"),
  ]

  @Test("makes the best of", arguments: documents)
  func mends(name: String, document: String, expected: String) throws {
    let whole = try Recorder.read(Array(document.utf8))
    #expect(whole == expected, "\(name)")
    for size in [1, 2, 3, 5] {
      #expect(try Recorder.read(Array(document.utf8), chunk: size) == expected, "by \(size)")
    }
  }

  static let encodings: [(String, [UInt8], String?, String)] = [
    ("UTF-8 with a mark", [0xEF, 0xBB, 0xBF] + Array("<a>é</a>".utf8), nil, "<a>é</a>"),
    ("UTF-16", utf16("<a>é€</a>", mark: true), nil, "<a>é€</a>"),
    ("UTF-16 without a mark", utf16("<a>é€</a>", mark: false), nil, "<a>é€</a>"),
    (
      "UTF-8 that is not all UTF-8", Array("<a>é".utf8) + [0x93, 0xE9] + Array("</a>".utf8), nil,
      "<a>é“é</a>"
    ),
    (
      "Latin-1 as declared",
      Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xE9, 0x80]
        + Array("</a>".utf8), nil, "<a>é€</a>"
    ),
    (
      "a header that says otherwise than the declaration",
      Array("<?xml version='1.0' encoding='utf-8'?><a>".utf8) + [0xD0] + Array("</a>".utf8),
      "text/xml; charset=\"koi8-r\"", "<a>п</a>"
    ),
    (
      "a header with a name that nobody knows",
      Array("<?xml version='1.0' encoding='iso-8859-5'?><a>".utf8) + [0xD0] + Array("</a>".utf8),
      "text/xml; charset=wrong", "<a>а</a>"
    ),
    (
      "a declaration of UTF-16 that was read as ASCII",
      Array("<?xml version='1.0' encoding='utf-16'?><a>é</a>".utf8), nil, "<a>é</a>"
    ),
    (
      "Shift JIS",
      Array("<?xml version='1.0' encoding='shift_jis'?><a>".utf8) + [0x93, 0xFA]
        + Array("</a>".utf8),
      nil, "<a>日</a>"
    ),
  ]

  @Test("reads the characters of", arguments: encodings)
  func encoding(name: String, bytes: [UInt8], type: String?, expected: String) throws {
    for size in [1, 3, 4096] {
      #expect(try Recorder.read(bytes, type: type, chunk: size) == expected, "\(name), by \(size)")
    }
  }

  @Test("gives up what is too long, too deep or empty, and says so")
  func limits() throws {
    var limits = XMLLimits()
    limits.bytes = 1 << 20
    let long = Array("<a>".utf8) + [UInt8](repeating: 0x20, count: 1 << 20)
    #expect(throws: XMLError(.tooLong, "it is longer than 1 MiB")) {
      try Recorder.read(long, limits: limits)
    }
    let deep = Array(String(repeating: "<a>", count: 1_000_000).utf8)
    #expect(throws: XMLError(.tooDeep, "it is nested deeper than 64 elements")) {
      try Recorder.read(deep)
    }
    let full = Array((String(repeating: "<a>", count: 64) + "x").utf8)
    #expect(try Recorder.read(full).contains("<a>x</a>"))
    for nothing in ["", "no markup at all", "<!-- x -->", "{\"a\": 1}"] {
      #expect(throws: XMLError(.empty, "it holds no element at all")) {
        try Recorder.read(Array(nothing.utf8))
      }
    }
  }

  @Test("expands no entity and opens no file, however it is asked")
  func hostile() throws {
    let laughs = (1...9).map { level in
      "<!ENTITY l\(level) \"\(String(repeating: "&l\(level - 1);", count: 10))\">"
    }.joined()
    let bomb = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY l0 'ha'>\(laughs)]><a>&l9;</a>"
    #expect(try Recorder.read(Array(bomb.utf8)) == "<a>&l9;</a>")
    let outside =
      "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'><!ENTITY % p SYSTEM "
      + "'http://127.0.0.1:1/x'> %p;]><a>&e;</a>"
    #expect(try Recorder.read(Array(outside.utf8)) == "<a>&e;</a>")
  }

  @Test("tells what it mended")
  func warnings() throws {
    let recorder = Recorder()
    let reader = XMLReader(handler: recorder)
    try reader.feed(Array("<!DOCTYPE a><a>1 & 2\u{2}<b></a>".utf8) + [0xFF])
    try reader.finish()
    let warnings = reader.warnings.joined(separator: "\n")
    for part in ["declaration was left out", "1 forbidden", "1 times '&'", "1 bytes", "mismatch"] {
      #expect(warnings.contains(part), "\(warnings)")
    }
  }

  private static func utf16(_ text: String, mark: Bool) -> [UInt8] {
    ((mark ? [0xFEFF] : []) + Array(text.utf16)).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
  }
}

/// Writes down what it is handed.
final class Recorder: XMLHandler {
  private(set) var written = ""

  func begin(_ element: XMLElement) {
    written += "<\(Self.name(element.name))"
    for (name, value) in element.attributes { written += " \(Self.name(name))=\(value)" }
    written += ">"
  }

  func text(_ text: String) { written += text }

  func end(_ name: XMLName) { written += "</\(Self.name(name))>" }

  private static func name(_ name: XMLName) -> String {
    name.prefix.isEmpty ? name.local : "\(name.prefix):\(name.local)"
  }

  @discardableResult
  static func read(
    _ bytes: [UInt8], type: String? = nil, chunk: Int = .max, limits: XMLLimits = XMLLimits()
  ) throws -> String {
    let recorder = Recorder()
    let reader = XMLReader(handler: recorder, contentType: type, limits: limits)
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = rest.prefix(chunk)
      try reader.feed(Array(part))
      rest = rest.dropFirst(part.count)
    }
    try reader.finish()
    return recorder.written
  }
}
