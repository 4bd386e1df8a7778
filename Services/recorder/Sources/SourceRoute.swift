import Base
import Messages

/// Who reads an address: told by the stream's definition, else by the address itself. A value.
enum SourceRoute: Hashable, Sendable {
  case http
  case ffmpeg
  case page
  /// The address is none that can be captured, for this reason.
  case refused(String)

  /// What FFmpeg reads and we do not, by the address's scheme.
  static let ffmpegSchemes: Set<String> = [
    "rtmp", "rtmps", "rtmpt", "rtmpts", "rtsp", "rtsps", "srt", "udp", "rtp",
  ]
  /// Devices of this machine that may be read.
  static let devices: Set<String> = ["alsa", "pulse", "jack", "v4l2"]

  /// `pages`: patterns of addresses that are pages, such as `youtube.com` or `*.twitch.tv/*`.
  init(_ url: String, kind: SourceKind?, inputFormat: String?, pages: [String]) {
    let scheme = Self.scheme(url)
    let isWeb = scheme == "http" || scheme == "https"
    switch kind {
    case .http?: self = isWeb ? .http : Self.unfit(scheme, "http")
    case .page?: self = isWeb ? .page : Self.unfit(scheme, "page")
    case .ffmpeg?, nil:
      if scheme == "device" {
        self =
          inputFormat.map(Self.devices.contains) ?? false
          ? .ffmpeg
          : .refused(
            "A device's address needs an inputFormat: \(Self.devices.sorted().joined(separator: ", "))."
          )
      } else if Self.ffmpegSchemes.contains(scheme) || (kind == .ffmpeg && isWeb) {
        self = .ffmpeg
      } else if !isWeb {
        self = Self.unfit(scheme, "any source")
      } else {
        self = pages.contains { Self.matches(url, $0) } ? .page : .http
      }
    }
  }

  private static func unfit(_ scheme: String, _ kind: String) -> SourceRoute {
    .refused("An address that begins with '\(scheme.prefix(20)):' is nothing that \(kind) reads.")
  }

  static func scheme(_ url: String) -> String {
    String(url.prefix { $0 != ":" }).lowercased()
  }

  /// In lower case, without query and fragment.
  private static func path(_ url: String) -> String {
    String(url.prefix { $0 != "?" && $0 != "#" }).lowercased()
  }

  /// Whether host and path are what the pattern says: `*` stands for anything, a pattern without a
  /// slash is a host and all below it.
  static func matches(_ url: String, _ pattern: String) -> Bool {
    guard let mark = url.firstRange(of: "://") else { return false }
    let rest = url[mark.upperBound...].prefix { $0 != "?" && $0 != "#" }
    let authority = rest.prefix { $0 != "/" }
    let host = authority.split(separator: "@").last.map(String.init)?.lowercased() ?? ""
    let bare = host.hasSuffix("]") ? host : String(host.prefix { $0 != ":" })
    let pattern = pattern.lowercased()
    guard pattern.contains("/") else {
      return wildcard(bare, pattern) || bare.hasSuffix("." + pattern)
    }
    // A pattern may name a port.
    let place = String(rest.dropFirst(authority.count)).lowercased()
    return wildcard(bare + place, pattern) || wildcard(host + place, pattern)
  }

  private static func wildcard(_ text: String, _ pattern: String) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard let first = parts.first, let last = parts.last else { return false }
    if parts.count == 1 { return text == pattern }
    guard text.hasPrefix(first), text.count >= first.count + last.count, text.hasSuffix(last) else {
      return false
    }
    var rest = text.dropFirst(first.count).dropLast(last.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let range = rest.firstRange(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return true
  }
}
