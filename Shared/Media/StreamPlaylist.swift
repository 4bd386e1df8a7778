/// The short lists of addresses (PLS and plain M3U) that stations hand out under "listen live".
public enum StreamPlaylist {
  /// Longer ones are not read.
  public static let largest = 64 << 10

  /// The first `http` or `https` address; nil where there is none.
  public static func firstURL(in bytes: [UInt8]) -> String? {
    for line in bytes.prefix(largest).split(whereSeparator: { $0 == 10 || $0 == 13 }) {
      var text = String(decoding: line, as: UTF8.self).drop(while: \.isWhitespace)
      if text.lowercased().hasPrefix("file"), let equals = text.firstIndex(of: "=") {
        text = text[text.index(after: equals)...].drop(while: \.isWhitespace)
      }
      let lowered = text.lowercased()
      if lowered.hasPrefix("http://") || lowered.hasPrefix("https://") {
        return String(text.prefix { !$0.isWhitespace })
      }
    }
    return nil
  }
}
