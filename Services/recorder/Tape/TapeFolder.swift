import Base
import Glibc

/// Which folder a recorder keeps its tapes in.
///
/// Recorders may share a home folder, and each takes a file without a row in its own database for what
/// a crash left behind: it cuts it, names it, enters it. So no two may ever have the same folder. The
/// first that comes has the plain one for good, and a file there names it; every other one has a folder
/// of its own within it, whose name is no stream's: so a disk that is mounted there holds them all.
enum TapeFolder {
  static let ownerFile = ".airloom-node"

  /// That recorder's; nobody else gets it from now on. Blocks for the disk; one that cannot be written
  /// to is told of by whoever uses the folder.
  ///
  /// - Parameter known: the folder that it had before. One of its own is waited for where its disk is
  ///   not mounted, and no other taken in its place.
  static func claim(_ tape: String, for node: NodeID, known: String? = nil) -> String {
    if known == own(of: node, in: tape) { return own(of: node, in: tape) }
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
    let own = own(of: node, in: tape)
    if FolderListing.exists(own) { return own }
    return owner(of: tape).map { $0 == node.text } ?? true ? tape : own
  }

  private static func own(of node: NodeID, in tape: String) -> String { "\(tape)/@\(node)" }

  /// Moves files out of a folder that was shared before; what is not there stays as it is, so that it can be
  /// done again after a kill. `shared`: those that others may need too.
  static func takeAlong(_ files: [String], shared: [String], from tape: String, to own: String) {
    guard tape != own else { return }
    var folders: Set<String> = []
    for path in files + shared {
      let target = own + "/" + path
      let folder = DurableFile.folder(of: target)
      if folders.insert(folder).inserted { try? Syscall.makeFolders(folder) }
      link(tape + "/" + path, target)
    }
    // Each has two names until all new ones are on disk.
    sync()
    for path in files where FolderListing.exists(own + "/" + path) { unlink(tape + "/" + path) }
  }

  private static func owner(of tape: String) -> String? {
    (try? DurableFile.read(tape + "/" + ownerFile)).map { String(decoding: $0, as: UTF8.self) }
  }
}
