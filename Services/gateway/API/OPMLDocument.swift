/// Writes a list of podcasts as OPML 2.0 (opml.org/spec2.opml).
struct OPMLDocument {
  private var body = ""
  private let title: String

  init(title: String) { self.title = title }

  mutating func add(title: String, url: String) {
    let (title, url) = (OPMLDocument.escaped(title), OPMLDocument.escaped(url))
    body += "    <outline type=\"rss\" text=\"\(title)\" title=\"\(title)\" xmlUrl=\"\(url)\"/>\n"
  }

  var text: String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <opml version="2.0">
      <head>
        <title>\(OPMLDocument.escaped(title))</title>
      </head>
      <body>
    \(body)  </body>
    </opml>

    """
  }

  /// For an attribute's value; characters that XML 1.0 does not have are left out.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result += "&#\(scalar.value);"
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
