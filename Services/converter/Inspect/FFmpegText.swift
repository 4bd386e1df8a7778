internal import Base

/// What FFmpeg writes for people, made fit for a sentence.
enum FFmpegText {
  /// Without addresses in memory, control characters and our way of naming files, and not too long.
  static func plain(_ line: some StringProtocol) -> String {
    var text = String(
      line.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
    while let start = text.firstRange(of: " @ 0x") {
      let end = text[start.upperBound...].firstIndex { !$0.isHexDigit } ?? text.endIndex
      text.removeSubrange(start.lowerBound..<end)
    }
    text = text.replacing(OpenDrop.nameForChild, with: "the drop")
    return Redactor.redact(String(text.prefix(300))).trimmed
  }

  /// The last lines that say something.
  static func lastLines(_ count: Int, of text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
      .suffix(count).map(plain)
  }
}

extension String {
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
