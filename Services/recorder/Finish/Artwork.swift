import Base
import Messages

/// A picture in the artwork folder: `<sha256>.jpg` or `.png`.
struct Artwork: Hashable, Sendable {
  enum Kind: String, Hashable, Sendable, CaseIterable {
    case jpg, png

    /// FFmpeg's name of what reads it.
    var demuxer: String { self == .jpg ? "jpeg_pipe" : "png_pipe" }
  }

  let path: String
  let kind: Kind

  /// nil where the id is no hash, or the folder has no such picture.
  init?(id: String, in folder: String) {
    let isHash =
      id.utf8.count == 64
      && id.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    guard isHash, !folder.isEmpty else { return nil }
    for kind in Kind.allCases {
      let path = "\(folder)/\(id).\(kind.rawValue)"
      if FolderListing.exists(path) {
        self.path = path
        self.kind = kind
        return
      }
    }
    return nil
  }
}
