internal import Base

/// Makes file names out of what people typed.
enum FileNaming {
  /// The longest name in bytes, leaving room for an ending, a temporary suffix and a mark in the 255
  /// that Linux file systems take.
  static let mostBytes = 160

  /// `2026-11-21 20-00 Morning Show`: sorts by time, and holds nothing that Linux, Windows, macOS or
  /// a shell takes amiss in a name.
  static func name(title: String, at local: CivilTime) -> String {
    let time =
      "\(padded(local.year, 4))-\(padded(local.month, 2))-\(padded(local.day, 2)) "
      + "\(padded(local.hour, 2))-\(padded(local.minute, 2))"
    let title = cleaned(title, mostBytes: mostBytes - time.utf8.count - 1)
    return title.isEmpty ? time : "\(time) \(title)"
  }

  /// The same name with a mark of the job, for a second recording that would have it too.
  static func marked(_ name: String, job: JobID) -> String { "\(name) \(job.text.prefix(6))" }

  static func cleaned(_ text: String, mostBytes: Int) -> String {
    var result = ""
    var isAfterBlank = true
    for character in text {
      let isForbidden =
        "/\\:*?\"<>|".contains(character)
        || character.unicodeScalars.contains { $0.properties.generalCategory.isUnprintable }
      let next = isForbidden ? "-" : character.isWhitespace ? " " : character
      if next == " " && isAfterBlank { continue }
      guard result.utf8.count + String(next).utf8.count <= mostBytes else { break }
      result.append(next)
      isAfterBlank = next == " "
    }
    // A name may not end in a dot or a blank on Windows shares, and a leading dot hides a file.
    while let last = result.last, last == " " || last == "." { result.removeLast() }
    while let first = result.first, first == "." || first == "-" { result.removeFirst() }
    return result
  }
}

extension Unicode.GeneralCategory {
  fileprivate var isUnprintable: Bool {
    switch self {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      true
    default: false
    }
  }
}
