import Base
import FoundationEssentials
import Messages
import Subprocess

/// The programs that know where the stream of a page is; which to ask for what, and what their
/// answers mean. They only resolve: not a byte of the stream passes through them.
///
/// Neither reads a configuration, a plugin or a cookie of any user, keeps a cache, or runs a program;
/// the address stands behind `--`, so that nothing in it can be an option.
enum ResolverTool: String, Hashable, Sendable, CaseIterable {
  case ytDlp = "yt-dlp"
  case streamlink

  /// The first that can be told to leave plugins alone.
  var oldestVersion: [Int] {
    switch self {
    case .ytDlp: [2025, 2, 19]
    case .streamlink: [6, 0, 0]
    }
  }

  func versionCommand(_ program: String) -> ChildCommand {
    Self.bare(program, [self == .ytDlp ? "--ignore-config" : "--no-config", "--version"])
  }

  /// The numbers in what the program says of itself; nil where it says none.
  static func version(in text: String) -> [Int]? {
    let digits = text.drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "." }
    let numbers = digits.split(separator: ".").compactMap { Int($0) }
    return numbers.count >= 2 ? numbers : nil
  }

  func command(
    _ program: String, url: String, quality: String?, userAgent: String?, timeout: Duration
  ) -> ChildCommand {
    let seconds = "\(max(1, Int(timeout.inSeconds) / 2))"
    switch self {
    case .ytDlp:
      return Self.bare(
        program,
        [
          "--ignore-config", "--no-plugin-dirs", "--no-remote-components", "--no-exec",
          "--no-cache-dir", "--no-cookies", "--no-cookies-from-browser", "--no-playlist",
          "--playlist-items", "1", "--no-update", "--skip-download", "--no-progress",
          "--socket-timeout", seconds, "--format", Self.ytDlpFormat(quality),
        ] + (userAgent.map { ["--user-agent", $0] } ?? []) + ["--dump-single-json", "--", url])
    case .streamlink:
      return Self.bare(
        program,
        [
          "--no-config", "--no-plugin-sideloading", "--auto-version-check", "no",
          "--http-timeout", seconds,
        ] + (userAgent.map { ["--http-header", "User-Agent=\($0)"] } ?? [])
          + ["--json", "--", url, Self.streamlinkStreams(quality)])
    }
  }

  /// Nothing of a user's that they might read stands in their environment.
  private static func bare(_ program: String, _ arguments: [String]) -> ChildCommand {
    var command = ChildCommand(program, arguments)
    command.environment = [
      "HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent", "XDG_DATA_HOME": "/nonexistent",
      "XDG_CACHE_HOME": "/nonexistent", "YTDLP_NO_PLUGINS": "1", "PYTHONNOUSERSITE": "1",
      "PYTHONSAFEPATH": "1", "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1",
    ]
    command.workingDirectory = "/"
    command.errors = .tail(limit: 8 << 10)
    return command
  }

  /// `best`, `worst`, `audio`, or the tallest picture, such as `720p`.
  static func isQuality(_ text: String) -> Bool {
    ["best", "worst", "audio"].contains(text) || lines(text) != nil
  }

  private static func lines(_ quality: String) -> Int? {
    guard quality.hasSuffix("p"), let lines = Int(quality.dropLast()),
      (100...9999).contains(lines)
    else { return nil }
    return lines
  }

  /// Sound and picture in one stream, because two cannot be captured as one.
  private static func ytDlpFormat(_ quality: String?) -> String {
    switch quality {
    case "audio"?: "ba/b/b*"
    case "worst"?: "w/w*"
    case let quality?:
      lines(quality).map { "b[height<=\($0)]/b*[height<=\($0)]/w/w*" } ?? "b/b*"
    case nil: "b/b*"
    }
  }

  private static func streamlinkStreams(_ quality: String?) -> String {
    switch quality {
    case "audio"?: "audio_only,audio,worst"
    case "worst"?: "worst"
    case let quality? where lines(quality) != nil: "\(quality),\(quality)60,best"
    default: "best"
    }
  }

  // MARK: - Answers

  func read(
    _ output: [UInt8], errors: String, isSuccess: Bool, now: Instant
  ) -> Result<ResolvedSource, SourceFailure> {
    let answer = try? JSONDecoder().decode(Answer.self, from: Data(output))
    if let error = answer?.error { return .failure(failure(error)) }
    guard isSuccess, let answer else { return .failure(failure(errors)) }
    let entry = answer.entries?.first ?? answer
    guard let url = entry.url ?? entry.manifestUrl, url.hasPrefix("http") || url.hasPrefix("rtmp")
    else {
      return .failure(
        SourceFailure(
          .sourceRefused,
          "The page offers sound and picture only apart; choose another quality, such as 720p.",
          pace: .patient))
    }
    if entry.isUpcoming {
      return .failure(ResolverFailure.offline.failure("it has not begun"))
    }
    let headers = (entry.httpHeaders ?? entry.headers ?? [:]).filter { Self.isNeeded($0.key) }
    return .success(
      ResolvedSource(
        url: url, headers: headers, expiresAt: AddressExpiry.of(url, now: now),
        title: entry.title ?? entry.metadata?.title))
  }

  private func failure(_ text: String) -> SourceFailure {
    ResolverFailure(text).failure(Self.sentence(text, tool: self))
  }

  /// What a browser would send of its own is of no use and only tells us apart.
  private static func isNeeded(_ header: String) -> Bool {
    !["accept-encoding", "accept", "accept-language", "sec-fetch-mode", "connection", "host"]
      .contains(header.lowercased())
  }

  /// The last thing that it said, without the names of its parts.
  private static func sentence(_ text: String, tool: ResolverTool) -> String {
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
    let line = lines.last { $0.hasPrefix("ERROR:") || $0.hasPrefix("error:") } ?? lines.last ?? ""
    var rest = line[...]
    for prefix in ["ERROR: ", "error: "] where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
    }
    if let end = rest.firstRange(of: "; please report this issue") {
      rest = rest[..<end.lowerBound]
    }
    let redacted = String(Redactor.redact(String(rest)).prefix(250))
    return redacted.isEmpty ? "\(tool.rawValue) says nothing" : redacted
  }

  private struct Answer: Decodable {
    struct Metadata: Decodable { var title: String? }

    var url: String?
    var manifestUrl: String?
    var title: String?
    var httpHeaders: [String: String]?
    var headers: [String: String]?
    var liveStatus: String?
    var error: String?
    var metadata: Metadata?
    var entries: [Answer]?

    var isUpcoming: Bool { liveStatus == "is_upcoming" }

    private enum CodingKeys: String, CodingKey {
      case url, title, headers, error, metadata, entries
      case manifestUrl = "manifest_url"
      case httpHeaders = "http_headers"
      case liveStatus = "live_status"
    }
  }
}

/// Why a page gives no stream.
enum ResolverFailure: Hashable, Sendable, CaseIterable {
  /// It will be there again.
  case offline
  /// It is not there any more.
  case gone
  /// Somebody must log in, or be elsewhere.
  case login
  /// Asked too often.
  case rate
  /// Nobody knows such pages.
  case unknownPage
  case network
  case other

  init(_ text: String) {
    let text = text.lowercased()
    func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
    self =
      if says("429", "too many requests", "rate-limit", "rate limit", "not a bot") {
        .rate
      } else if says(
        "sign in", "log in", "login", "cookies", "members-only", "members only", "private video",
        "subscribers", "geo", "your country", "401", "403", "drm")
      {
        .login
      } else if says(
        "not currently live", "offline", "will begin", "premieres in", "no playable streams",
        "no video formats", "not live", "live event has ended", "has not started", "upcoming")
      {
        .offline
      } else if says(
        "404", "410", "unavailable", "removed", "does not exist", "not found", "terminated",
        "no longer")
      {
        .gone
      } else if says("unsupported url", "no plugin can handle", "is not a valid url") {
        .unknownPage
      } else if says(
        "timed out", "timeout", "resolve", "connection", "unable to open url", "unable to download",
        "unreachable")
      {
        .network
      } else {
        .other
      }
  }

  func failure(_ said: String) -> SourceFailure {
    let end = said.hasSuffix(".") ? "" : "."
    switch self {
    case .offline:
      return SourceFailure(
        .sourceClosed, "The page's stream is offline now (\(said)); it is asked again.",
        pace: .patient)
    case .gone:
      return SourceFailure(
        .sourceRefused, "The page has no stream (\(said)): check its address.", pace: .patient,
        retryAfter: .seconds(60))
    case .login:
      return SourceFailure(
        .sourceRefused,
        "The page shows its stream to some people only (\(said)): use an address without a login.",
        pace: .patient, retryAfter: .seconds(60))
    case .rate:
      return SourceFailure(
        .sourceRefused, "The page is asked too often (\(said)); it is asked again in a minute.",
        pace: .patient, retryAfter: .seconds(60))
    case .unknownPage:
      return SourceFailure(
        .sourceRefused,
        "The resolver knows no such page (\(said)): use the address of the stream itself.",
        pace: .patient, retryAfter: .seconds(60))
    case .network:
      return SourceFailure(
        .sourceUnreachable, "The page cannot be read: \(said)\(end)", pace: .slow)
    case .other:
      return SourceFailure(
        .sourceRefused, "The page gives no stream: \(said)\(end)", pace: .patient)
    }
  }
}
