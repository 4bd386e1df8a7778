internal import Base
internal import Glibc
internal import Subprocess

/// A real browser without a window, which opens one page. It is not driven: the page itself tells a
/// server of the test what came of it.
public final class HeadlessBrowser: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case chromium, firefox

    var tool: Tool {
      switch self {
      case .chromium: Tool("chromium", package: "chromium")
      case .firefox: Tool("firefox-esr", package: "firefox-esr")
      }
    }
  }

  private let child: ChildProcess
  private let profile: TemporaryFolder

  private init(child: ChildProcess, profile: TemporaryFolder) {
    self.child = child
    self.profile = profile
  }

  /// Opens the page with a profile of its own, in which media may play without a click.
  public static func open(_ url: String, in kind: Kind) async throws -> HeadlessBrowser {
    let profile = try TemporaryFolder()
    var command = ChildCommand(try requires(kind.tool), [])
    switch kind {
    case .chromium:
      command.arguments = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--mute-audio", "--autoplay-policy=no-user-gesture-required", "--no-first-run",
        "--disable-background-networking", "--disable-component-update",
        "--user-data-dir=\(profile("data"))", url,
      ]
    case .firefox:
      let settings = [
        "media.autoplay.default": "0", "media.autoplay.blocking_policy": "0",
        "browser.shell.checkDefaultBrowser": "false", "app.update.auto": "false",
        "datareporting.policy.dataSubmissionEnabled": "false",
        "toolkit.telemetry.reportingpolicy.firstRun": "false",
        "network.captive-portal-service.enabled": "false",
        "network.connectivity-service.enabled": "false", "media.volume_scale": "\"0.0\"",
      ]
      try profile.folder("data")
      try profile.file(
        "data/user.js",
        settings.sorted { $0.key < $1.key }
          .map { "user_pref(\"\($0.key)\", \($0.value));\n" }.joined())
      command.arguments = ["--headless", "--no-remote", "--profile", profile("data"), url]
    }
    command.environment["HOME"] = profile.path
    command.environment["XDG_RUNTIME_DIR"] = profile.path
    command.output = .tail(limit: 16 << 10)
    command.errors = .tail(limit: 16 << 10)
    return HeadlessBrowser(child: try await ChildProcess.start(command), profile: profile)
  }

  /// What it said on standard error, for a failure's text.
  public var complaints: String { child.errorText }

  /// Throws when it has ended by itself.
  public func check() throws {
    if let exit = child.ending { throw TestFailure("the browser \(exit): \(complaints)") }
  }

  /// It keeps nothing, so it need not end politely.
  public func close() async { await child.stop(.kill) }
}
