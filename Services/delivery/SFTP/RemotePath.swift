internal import Base

/// The names that one upload uses in its remote folder, all derived from what is sent, so that the
/// next try, in this process or another, finds what the last one left.
struct RemotePath: Hashable, Sendable {
  /// Without a slash at its end; empty for the account's home folder.
  let folder: String
  /// The name that was asked for.
  let name: String
  private let contentHash: String
  private let mark: String

  /// nil where the name could leave its folder or is none.
  init?(folder: String, name: String, delivery: DeliveryID, contentHash: String) {
    guard RemotePath.isUsable(name), !folder.contains("\0") else { return nil }
    var folder = folder[...]
    while folder.count > 1, folder.last == "/" { folder.removeLast() }
    self.folder = String(folder)
    self.name = name
    self.contentHash = contentHash
    let seed = "\(delivery)|\(contentHash)|\(self.folder)|\(name)"
    mark = String(hexadecimal(SHA256.hash(Array(seed.utf8))).prefix(16))
  }

  static func isUsable(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.contains("\0")
      && name.utf8.count <= 255
  }

  var target: String { path(name) }

  /// Where the file goes when another file has the name: `show~1a2b3c4d.mp3`, by its content, so
  /// that the same file finds the same name again.
  var alternative: String {
    let suffix = "~" + contentHash.prefix(8)
    let split =
      name.lastIndex(of: ".").flatMap { $0 == name.startIndex ? nil : $0 } ?? name.endIndex
    let ending = String(name[split...])
    var stem = String(name[..<split])
    // A name has at most 255 bytes (NAME_MAX); whole characters go from the stem's end.
    while stem.utf8.count + suffix.utf8.count + ending.utf8.count > 255, !stem.isEmpty {
      stem.removeLast()
    }
    return path(stem + suffix + ending)
  }

  /// Where the bytes gather until they are verified; hidden, and not the name of any other delivery.
  var partial: String { path(".\(mark).partial") }

  /// The folder and those above it, the uppermost first.
  var folders: [String] {
    var made: [String] = []
    var path = folder.hasPrefix("/") ? "/" : ""
    for part in folder.split(separator: "/") where part != "." {
      path += path.isEmpty || path == "/" ? String(part) : "/" + part
      made.append(path)
    }
    return made
  }

  /// What to ask the server about the folder itself by.
  var folderOrHome: String { folder.isEmpty ? "." : folder }

  private func path(_ name: String) -> String {
    folder.isEmpty ? name : folder == "/" ? "/" + name : folder + "/" + name
  }
}
