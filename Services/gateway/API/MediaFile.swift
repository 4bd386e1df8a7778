import Base
import HTTPServer
import Messages

/// Files that other services name, served from the media folder and from nowhere else.
struct MediaFile {
  let mediaFolder: String

  /// Whole or in ranges; `download` in the query makes the browser save it.
  func response(_ file: FinishedFile, to request: Request) throws(Problem) -> Response {
    let path = try checked(file.path)
    let kind = request.query("download") == nil ? "inline" : "attachment"
    return Response.file(path, contentType: file.contentType)
      .with("Content-Disposition", ContentDisposition.value(kind, fileName: file.name))
      .with("Cache-Control", "private, no-cache")
  }

  /// The path comes from another service; what lies outside the media folder is not ours to show.
  func checked(_ path: String) throws(Problem) -> String {
    guard path.hasPrefix(mediaFolder + "/"), !path.contains("/../") else {
      throw Problem(404, "no_file", "This file is not on this machine.")
    }
    return path
  }
}
