internal import Base
internal import HTTPClient

/// Makes the name of an archived file from what strangers wrote: one component, at most 200 bytes,
/// that no file system and no shell stumbles over, and that sorts by date.
enum EpisodeNaming {
  static let mostBytes = 200

  static func name(
    title: String, published: Instant?, url: String, contentType: String?, fallback: String
  ) -> String {
    let date = published.map { "\($0)".prefix(10) + " " } ?? ""
    let words = component(title)
    let ending = "." + fileExtension(url: url, contentType: contentType)
    let room = mostBytes - ending.utf8.count
    let stem = cut("\(date)\(words.isEmpty ? fallback : words)", to: room)
    return stem + ending
  }

  /// The same name for another file: with the beginning of its hash.
  static func another(_ name: String, sha256: String) -> String {
    guard let dot = name.lastIndex(of: ".") else { return name }
    let mark = "~\(sha256.prefix(8))"
    let ending = String(name[dot...])
    return cut(String(name[..<dot]), to: mostBytes - ending.utf8.count - mark.utf8.count) + mark
      + ending
  }

  /// The same for two names that some file system would take for one: Swift compares strings by
  /// canonical equivalence, so that composed and decomposed letters are equal already.
  static func folded(_ name: String) -> String { name.lowercased() }

  private static func component(_ text: String) -> String {
    var made = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      // Separators of paths here and elsewhere, and what FAT and SMB refuse.
      case "/", "\\", ":", "*", "?", "\"", "<", ">", "|": made.append("-")
      default:
        switch scalar.properties.generalCategory {
        // Controls, marks that turn the direction of writing, and what is not assigned.
        case .control, .format, .surrogate, .privateUse, .unassigned: continue
        case .lineSeparator, .paragraphSeparator, .spaceSeparator: made.append(" ")
        default: made.unicodeScalars.append(scalar)
        }
      }
    }
    let words = made.split(separator: " ").joined(separator: " ")
    // Nothing hidden, nothing that looks like an option, no trailing dots (SMB drops them).
    let start = words.drop { $0 == "." || $0 == "-" || $0 == " " || $0 == "~" }
    guard let end = start.lastIndex(where: { $0 != "." && $0 != " " }) else { return "" }
    return String(start[...end])
  }

  /// At a character's end.
  private static func cut(_ text: String, to bytes: Int) -> String {
    var text = text
    while text.utf8.count > bytes { text.removeLast() }
    while text.last == " " || text.last == "." { text.removeLast() }
    return text
  }

  private static let byType: [Substring: String] = [
    "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/x-mp3": "mp3", "audio/mpeg3": "mp3",
    "audio/mp4": "m4a", "audio/x-m4a": "m4a", "audio/m4a": "m4a", "audio/aac": "aac",
    "audio/aacp": "aac", "audio/ogg": "ogg", "audio/opus": "opus", "audio/vorbis": "ogg",
    "application/ogg": "ogg", "audio/flac": "flac", "audio/x-flac": "flac", "audio/wav": "wav",
    "audio/x-wav": "wav", "video/mp4": "mp4", "video/x-m4v": "m4v", "video/quicktime": "mov",
    "video/webm": "webm", "audio/webm": "weba", "application/pdf": "pdf",
    "application/epub+zip": "epub", "image/jpeg": "jpg", "image/png": "png",
  ]

  private static let known = Set(byType.values).union(["oga", "m4b", "mpg", "mpeg", "mkv", "avi"])

  /// That of the address where it is one of those that media have, else by type.
  static func fileExtension(url: String, contentType: String?) -> String {
    let path = WebAddress(url)?.path ?? ""
    if let dot = path.lastIndex(of: "."), path[dot...].utf8.count <= 6 {
      let found = path[path.index(after: dot)...].lowercased()
      if known.contains(found) { return found }
    }
    let type = contentType?.lowercased().prefix { $0 != ";" && $0 != " " } ?? ""
    return byType[type] ?? "bin"
  }
}
