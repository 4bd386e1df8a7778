internal import Messages

/// What an address must be for a recorder to read it; who reads it is told by its beginning, or by
/// the stream's `source`.
///
/// The address itself is never quoted in a refusal: it may hold a password.
enum SourceAddressRule {
  /// What FFmpeg may read of the recorder's own machine.
  static let devices = ["alsa", "jack", "pulse", "v4l2"]

  private static let web = ["http", "https"]
  private static let ffmpeg = [
    "rtmp", "rtmps", "rtmpt", "rtmpts", "rtsp", "rtsps", "srt", "udp", "rtp",
  ]

  static func check(_ url: String, of stream: StreamDefinition) throws(Refusal) {
    guard url.utf8.count <= 2000, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw refusal(
        "A stream's address may hold no blanks or control characters and at most 2000 characters; "
          + "write a blank as %20.")
    }
    let lowered = url.lowercased()
    if lowered.hasPrefix("device:") { return try checkDevice(url, of: stream) }
    let mayBe = stream.source == .http || stream.source == .page ? web : web + ffmpeg
    guard let scheme = mayBe.first(where: { lowered.hasPrefix($0 + "://") }) else {
      throw refusal(
        "A stream's address must begin with "
          + (mayBe.count == web.count
            ? "http:// or https:// where its source is \(stream.source?.rawValue ?? "http")."
            : "http://, https://, rtmp://, rtsp://, srt://, udp://, rtp:// or device:."))
    }
    let rest = url.dropFirst(scheme.count + 3)
    let authority = rest.prefix { !"/?#".contains($0) }
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    // To listen at every address of the machine is what `udp://:5000` and `srt://:5000` mean.
    let mayListen = ["udp", "rtp", "srt"].contains(scheme)
    guard !host.isEmpty, mayListen || !host.hasPrefix(":") else {
      throw refusal("A stream's address needs a host after \(scheme)://.")
    }
  }

  private static func checkDevice(_ url: String, of stream: StreamDefinition) throws(Refusal) {
    guard stream.source == nil || stream.source == .ffmpeg else {
      throw refusal("A device is read by FFmpeg: leave the source away, or say ffmpeg.")
    }
    guard url.utf8.count > "device:".utf8.count, !url.dropFirst(7).hasPrefix("-") else {
      throw refusal("A device's address needs its name after device:, such as device:hw:0.")
    }
    guard let format = stream.inputFormat, devices.contains(format) else {
      throw Refusal(
        .invalid, "A device needs an input format: \(devices.joined(separator: ", ")).",
        field: "inputFormat")
    }
  }

  static func isQuality(_ text: String) -> Bool {
    if ["best", "worst", "audio"].contains(text) { return true }
    guard text.hasSuffix("p"), let lines = Int(text.dropLast()) else { return false }
    return (100...9999).contains(lines)
  }

  private static func refusal(_ sentence: String) -> Refusal {
    Refusal(.invalid, sentence, field: "urls")
  }
}
