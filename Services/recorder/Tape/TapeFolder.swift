import Base
import Glibc

/// Which folder a recorder keeps its tapes in. A value's worth of decisions over one small file.
///
/// Recorders may share a home folder, and each takes a file without a row in its own database for what
/// a crash left behind: it cuts it, names it, enters it. So no two may ever have the same folder. The
/// first that comes has the plain one for good, and a file there names it; every other one has a folder
/// of its own beside it.
enum TapeFolder {
  static let ownerFile = ".airloom-node"

  /// That recorder's; nobody else gets it from now on. Blocks for the disk; one that cannot be written
  /// to is told of by whoever uses the folder.
  static func claim(_ tape: String, for node: NodeID) -> String {
    let found = find(tape, of: node)
    guard found == tape, owner(of: tape) == nil else { return found }
    let mark = tape + "/" + ownerFile
    let draft = "\(mark).\(node)"
    do {
      try Syscall.makeFolders(tape)
      try DurableFile.write(Array(node.text.utf8), to: draft)
    } catch {
      return tape
    }
    // Of two that come at once, one is told that the name is taken.
    link(draft, mark)
    unlink(draft)
    return find(tape, of: node)
  }

  /// That recorder's, as it is now.
  static func find(_ tape: String, of node: NodeID) -> String {
    let own = "\(tape)-\(node)"
    if FolderListing.exists(own) { return own }
    return owner(of: tape).map { $0 == node.text } ?? true ? tape : own
  }

  private static func owner(of tape: String) -> String? {
    (try? DurableFile.read(tape + "/" + ownerFile)).map { String(decoding: $0, as: UTF8.self) }
  }
}
