import Base
import HTTPServer
import Messages

/// Files that other services name, served from the media folder, from the recorder's
/// pools and from nowhere else.
struct MediaFile {
  let folders: [String]

  init(_ settings: GatewaySettings) { folders = [settings.mediaFolder] + settings.poolFolders }

  /// Whole or in ranges; `download` in the query makes the browser save it.
  func response(_ file: FinishedFile, to request: Request) throws(Problem) -> Response {
    let path = try checked(file.path)
    let kind = request.query("download") == nil ? "inline" : "attachment"
    return Response.file(path, contentType: file.contentType)
      .with("Content-Disposition", ContentDisposition.value(kind, fileName: file.name))
      .with("Cache-Control", "private, no-cache")
  }

  /// A file beside a recording's.
  func response(_ companion: CompanionFile, beside file: FinishedFile) throws(Problem) -> Response {
    guard !companion.name.contains("/"), let slash = file.path.lastIndex(of: "/") else {
      throw Problem.notFound
    }
    let path = try checked(file.path[...slash] + companion.name)
    return Response.file(path, contentType: MediaFile.contentType(companion.kind))
      .with("Content-Disposition", ContentDisposition.value("inline", fileName: companion.name))
      .with("Cache-Control", "private, no-cache")
  }

  private static func contentType(_ kind: CompanionFile.Kind) -> String {
    switch kind {
    case .sha256, .cueSheet, .asRun: "text/plain; charset=utf-8"
    case .waveform: "image/png"
    case .thumbnail: "image/jpeg"
    }
  }

  /// The path comes from another service; what lies outside these folders is not ours to show.
  func checked(_ path: String) throws(Problem) -> String {
    guard folders.contains(where: { path.hasPrefix($0 + "/") }), !path.contains("/../") else {
      throw Problem(404, "no_file", "This file is not on this machine.")
    }
    return path
  }
}
