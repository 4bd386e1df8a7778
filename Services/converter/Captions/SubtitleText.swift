internal import Base

/// Subtitles in SubRip's form: read from what FFmpeg and CCExtractor write, freed of the marks that
/// players show as text, moved in time, and written. A value.
struct SubtitleText: Hashable, Sendable {
  struct Cue: Hashable, Sendable {
    var startMs: Int64
    var endMs: Int64
    var lines: [String]
  }

  var cues: [Cue]

  /// What is no cue is passed over, and so are cues without text.
  init(_ text: String) {
    var cues: [Cue] = []
    var current: Cue?
    func finish() {
      if var cue = current {
        cue.lines = cue.lines.map(Self.plain).filter { !$0.isEmpty }
        if !cue.lines.isEmpty { cues.append(cue) }
      }
      current = nil
    }
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      if let times = Self.times(line) {
        finish()
        current = Cue(startMs: times.0, endMs: times.1, lines: [])
      } else if line.allSatisfy(\.isWhitespace) {
        finish()
      } else {
        current?.lines.append(String(line))
      }
    }
    finish()
    self.cues = cues
  }

  /// All cues by that much; what would end before the start is dropped.
  mutating func move(byMs shift: Int64) {
    cues = cues.compactMap { cue in
      let end = cue.endMs + shift
      return end <= 0
        ? nil : Cue(startMs: max(0, cue.startMs + shift), endMs: end, lines: cue.lines)
    }
  }

  var text: String {
    cues.enumerated().map { index, cue in
      "\(index + 1)\n\(Self.written(cue.startMs)) --> \(Self.written(cue.endMs))\n"
        + cue.lines.joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }

  /// Without `{\an7}`, `<font …>` and the hard spaces of the caption's grid.
  private static func plain(_ line: String) -> String {
    var result = ""
    var rest = line[...]
    while let character = rest.first {
      if character == "{", rest.dropFirst().first == "\\", let end = rest.firstIndex(of: "}") {
        rest = rest[rest.index(after: end)...]
      } else if rest.hasPrefix("<font") || rest.hasPrefix("</font"),
        let end = rest.firstIndex(of: ">")
      {
        rest = rest[rest.index(after: end)...]
      } else if rest.hasPrefix("\\h") {
        result += " "
        rest = rest.dropFirst(2)
      } else {
        result.append(character)
        rest = rest.dropFirst()
      }
    }
    return String(
      result.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  /// `00:01:02,345 --> 00:01:04,000`
  private static func times(_ line: Substring) -> (Int64, Int64)? {
    guard let arrow = line.firstRange(of: "-->") else { return nil }
    let end = line[arrow.upperBound...].drop(while: \.isWhitespace).prefix { !$0.isWhitespace }
    guard let first = milliseconds(line[..<arrow.lowerBound]), let last = milliseconds(end) else {
      return nil
    }
    return (first, last)
  }

  private static func milliseconds(_ text: Substring) -> Int64? {
    let numbers = text.split { !$0.isNumber }.compactMap { Int64($0) }
    guard numbers.count == 4 else { return nil }
    return ((numbers[0] * 60 + numbers[1]) * 60 + numbers[2]) * 1000 + numbers[3]
  }

  private static func written(_ milliseconds: Int64) -> String {
    func padded(_ number: Int64, _ width: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let seconds = milliseconds / 1000
    return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":"
      + padded(seconds % 60, 2) + "," + padded(milliseconds % 1000, 3)
  }
}
