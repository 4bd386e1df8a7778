internal import Base
internal import Glibc

/// Servers that are no Debian packages: scripts/setup --tests installs them from PyPI.
enum PeerTools {
  /// The top of the source tree.
  static let package = (0..<4).reduce(#filePath) { path, _ in DurableFile.folder(of: path) }

  static var python: String { get throws { try path("python3") } }
  static var rclone: String { get throws { try path("rclone") } }

  static func path(_ name: String) throws -> String {
    let path = "\(package)/.build/peers/bin/\(name)"
    guard access(path, X_OK) == 0 else {
      throw TestFailure("this test needs \(path): run scripts/setup --tests")
    }
    return path
  }
}

/// Programs that say where a page's stream is, likewise.
public enum PageResolvers {
  public static var ytDlp: String { get throws { try PeerTools.path("yt-dlp") } }
  public static var streamlink: String { get throws { try PeerTools.path("streamlink") } }
}
