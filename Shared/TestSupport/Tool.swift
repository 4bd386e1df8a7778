internal import Glibc

/// A program that tests run, and the Debian package that brings it. A test whose tool is missing
/// fails with a sentence that says what to install; nothing is skipped silently.
public struct Tool: Sendable {
  public let name: String
  public let package: String

  public init(_ name: String, package: String) {
    self.name = name
    self.package = package
  }

  public static let ffmpeg = Tool("ffmpeg", package: "ffmpeg")
  public static let ffprobe = Tool("ffprobe", package: "ffmpeg")
  public static let icecast = Tool("icecast2", package: "icecast2")
  public static let sshd = Tool("sshd", package: "openssh-server")
  public static let sshKeygen = Tool("ssh-keygen", package: "openssh-client")
  public static let nginx = Tool("nginx", package: "nginx-light")
  public static let openssl = Tool("openssl", package: "openssl")
  public static let rsync = Tool("rsync", package: "rsync")
  public static let strace = Tool("strace", package: "strace")
  public static let chromium = Tool("chromium", package: "chromium")
  public static let python = Tool("python3", package: "python3-venv")
  /// For what Debian packages for its own Python alone.
  public static let debianPython = Tool("/usr/bin/python3", package: "gir1.2-gst-rtsp-server-1.0")
  public static let pulseaudio = Tool("pulseaudio", package: "pulseaudio")
  public static let setpriv = Tool("setpriv", package: "util-linux")

  /// Where it is; nil when it is not installed. Servers live in sbin folders, which are not on
  /// every user's PATH.
  public var path: String? {
    if name.hasPrefix("/") { return Tool.isThere(name) ? name : nil }
    let search = getenv("PATH").map { String(cString: $0) } ?? ""
    let folders = search.split(separator: ":").map(String.init)
    return (folders + ["/usr/local/sbin", "/usr/sbin", "/sbin"])
      .map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 }
  }

  static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

/// The tool's path, or an error that names the package to install.
@discardableResult
public func requires(_ tool: Tool) throws -> String {
  guard let path = tool.path else {
    throw TestFailure(
      "this test needs the program '\(tool.name)' of the Debian package '\(tool.package)': "
        + "run scripts/setup --tests")
  }
  return path
}
