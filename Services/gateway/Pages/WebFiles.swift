import Base
import CWebFiles
import HTTPServer

/// The pages that are compiled into this program.
struct WebFiles: Sendable {
  /// What the login page needs; everything else is for those who are logged in.
  static let open: Set<String> = ["login.html", "login.js", "style.css", "icon.svg"]

  private let responses: [String: Response]

  init() {
    var responses: [String: Response] = [:]
    var index = 0
    while let file = airloom_web_file(index) {
      index += 1
      let bytes = Array(UnsafeBufferPointer(start: file.pointee.bytes, count: file.pointee.size))
      let name = String(cString: file.pointee.name)
      // The browser asks each time and is answered 304, so that an upgrade shows at once.
      responses[name] = Response.bytes(bytes, contentType: WebFiles.contentType(of: name))
        .with("ETag", "\"\(hexadecimal(SHA256.hash(bytes)).prefix(16))\"")
        .with("Cache-Control", "no-cache")
    }
    self.responses = responses
  }

  var names: [String] { responses.keys.sorted() }

  func response(_ name: String) throws(Problem) -> Response {
    guard let response = responses[name] else { throw .notFound }
    return response
  }

  private static func contentType(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "svg": "image/svg+xml"
    default: "application/octet-stream"
    }
  }
}
