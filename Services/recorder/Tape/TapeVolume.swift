import Base
import Glibc

/// Tells the tape folder that this recorder has written to from the empty one that stands in its place
/// while its disk is not mounted: by a mark, a file of a random text that the database knows too.
///
/// Only a folder that was on another disk than the database can be missing in this way; one that was
/// named anew or emptied by a person gets a new mark and is used.
struct TapeVolume: Sendable {
  static let name = ".airloom-tape"

  /// What the database knows of the folder.
  struct Known: Hashable, Sendable {
    var mark: String
    var path: String
    /// On another file system than the database.
    var isApart: Bool
  }

  enum Finding: Hashable, Sendable {
    /// It is the one that was written to before.
    case same
    /// It is to be written to from now on, under this mark.
    case new(Known)
    /// Its disk is not there, in one sentence.
    case absent(String)
  }

  let root: String
  /// Where the database is.
  let dataFolder: String
  /// The file system that a path is on.
  var device: @Sendable (String) -> UInt64? = { path in
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_dev) : nil
  }

  /// Blocks for the disk; the folder exists.
  func look(_ known: Known?) -> Finding {
    let mark = (try? DurableFile.read(root + "/" + TapeVolume.name))
      .map { String(decoding: $0, as: UTF8.self) }
    let isApart = device(root) != device(dataFolder)
    if let known, known.path == root {
      if mark == known.mark { return .same }
      if mark == nil, known.isApart, !isApart {
        return .absent(
          "The tape folder \(root) is not the one that was written to before: mount its disk, which "
            + "holds \(TapeVolume.name); what comes meanwhile waits in memory.")
      }
    }
    return .new(
      Known(mark: mark ?? hexadecimal(randomBytes(16)), path: root, isApart: isApart))
  }

  /// Puts the mark there, where none is.
  func write(_ known: Known) throws(SystemError) {
    let path = root + "/" + TapeVolume.name
    if !FolderListing.exists(path) { try DurableFile.write(Array(known.mark.utf8), to: path) }
  }
}
