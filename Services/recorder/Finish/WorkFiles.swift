import Base
import Messages

/// The names of one recording's files while they are made: in `.work` of the folder where they will
/// stay, so that the last step is a rename.
struct WorkFiles: Hashable, Sendable {
  /// Where the finished file goes.
  let folder: String
  let job: JobID

  var work: String { WorkFiles.work(in: folder) }
  /// What an attempt leaves behind; removed at the start.
  var prefix: String { work + "/\(job)" }
  var list: String { prefix + ".list" }
  var chapters: String { prefix + ".chapters" }
  var cover: String { prefix + ".cover.jpg" }
  /// Within `work`.
  var peaks: String { "\(job).peaks" }

  static func work(in folder: String) -> String { folder + "/.work" }

  /// The file itself; kept until it has its name.
  func made(_ fileExtension: String) -> String { prefix + ".made." + fileExtension }

  /// The same, by the name that it is to get.
  func made(named name: String) -> String {
    let dot = name.lastIndex(of: ".").map { name.index(after: $0) } ?? name.endIndex
    return made(String(name[dot...]))
  }

  func companion(_ kind: CompanionFile.Kind) -> String { prefix + ".made.with-\(kind.rawValue)" }

  /// Whether a file in `.work` belongs to what only waits for its name.
  static func isMade(_ name: String, of job: JobID) -> Bool { name.hasPrefix("\(job).made.") }
}
