import Base

/// What a stream announced in a window, in the forms that go with a file. A value.
struct AsRunLog: Hashable, Sendable {
  struct Entry: Hashable, Sendable {
    /// On the tape's clock, cut to the window.
    var start: Instant
    var end: Instant
    /// From the beginning of the file.
    var offset: Duration
    var length: Duration
    var title: String
  }

  /// An interruption of a title that is none.
  static let pause = Duration.seconds(2)

  private(set) var entries: [Entry] = []

  /// `titles`: in order, and before them the one that stood when the window began; an empty one ends
  /// the one before. What fell wholly into a hole of the tape is left out.
  init(
    _ titles: [AnnouncedTitle], from start: Instant, to end: Instant, clock: TapeClock
  ) {
    for (index, title) in titles.enumerated() where !title.title.isEmpty {
      let from = max(title.at, start)
      let to = min(index + 1 < titles.count ? titles[index + 1].at : end, end)
      guard from < to else { continue }
      let offset = clock.offset(of: from)
      let length = clock.offset(of: to) - offset
      guard length > .zero else { continue }
      // The same again after a reconnect is still the same.
      if let last = entries.last, last.title == title.title, from - last.end < AsRunLog.pause {
        entries[entries.count - 1].end = to
        entries[entries.count - 1].length = offset + length - last.offset
        continue
      }
      entries.append(
        Entry(start: from, end: to, offset: offset, length: length, title: title.title))
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  /// A line for each: place in the file, time, title.
  var text: String {
    entries.map { "\(AsRunLog.clock($0.offset))  \($0.start)  \(AsRunLog.line($0.title))\n" }
      .joined()
  }

  /// FFmpeg's metadata format, milliseconds.
  var chapters: String {
    ";FFMETADATA1\n"
      + entries.map { entry in
        let start = entry.offset.microseconds / 1000
        let end = max(start + 1, (entry.offset + entry.length).microseconds / 1000)
        return "[CHAPTER]\nTIMEBASE=1/1000\nSTART=\(start)\nEND=\(end)\n"
          + "title=\(AsRunLog.escaped(AsRunLog.line(entry.title)))\n"
      }.joined()
  }

  /// A cue sheet for the file; its format takes 99 tracks, the rest is counted in a remark. Nothing
  /// stands before a first track, so one without a title is set there where the log begins late.
  func cueSheet(fileName: String, title: String?, performer: String?) -> String {
    var sheet = ""
    if let performer { sheet += "PERFORMER \(AsRunLog.quoted(performer))\n" }
    if let title { sheet += "TITLE \(AsRunLog.quoted(title))\n" }
    let kind = fileName.hasSuffix(".mp3") ? "MP3" : "WAVE"
    sheet += "FILE \(AsRunLog.quoted(fileName)) \(kind)\n"
    var tracks = entries.map { (offset: $0.offset, title: AsRunLog.line($0.title)) }
    if let first = tracks.first, first.offset > .zero { tracks.insert((.zero, ""), at: 0) }
    for (index, track) in tracks.prefix(99).enumerated() {
      let parts = AsRunLog.split(track.title)
      sheet += "  TRACK \(padded(index + 1, 2)) AUDIO\n    TITLE \(AsRunLog.quoted(parts.title))\n"
      if let performer = parts.performer {
        sheet += "    PERFORMER \(AsRunLog.quoted(performer))\n"
      }
      sheet += "    INDEX 01 \(AsRunLog.index(track.offset))\n"
    }
    if tracks.count > 99 { sheet += "REM \(tracks.count - 99) further titles\n" }
    return sheet
  }

  /// `HH:MM:SS.mmm`
  private static func clock(_ offset: Duration) -> String {
    let milliseconds = Int(offset.microseconds / 1000)
    let seconds = milliseconds / 1000
    return "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
      + ".\(padded(milliseconds % 1000, 3))"
  }

  /// `MM:SS:FF`, 75 frames a second; minutes may have more digits.
  private static func index(_ offset: Duration) -> String {
    let frames = Int(offset.microseconds * 75 / 1_000_000)
    return
      "\(padded(frames / 75 / 60, 2)):\(padded(frames / 75 % 60, 2)):\(padded(frames % 75, 2))"
  }

  /// Stations write `Artist - Title`.
  private static func split(_ text: String) -> (performer: String?, title: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard let dash = words.firstIndex(of: "-"), dash > 0, dash + 1 < words.count else {
      return (nil, text)
    }
    return (
      words[..<dash].joined(separator: " "), words[(dash + 1)...].joined(separator: " ")
    )
  }

  private static func quoted(_ text: String) -> String {
    "\"" + String(text.map { $0 == "\"" ? "'" : $0 }) + "\""
  }

  /// Without what would begin another line.
  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }

  private static func escaped(_ text: String) -> String {
    text.map { "=;#\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
  }
}

/// A title that a stream announced, with the label on the tape of the sound that follows it.
struct AnnouncedTitle: Hashable, Sendable {
  var at: Instant
  /// Empty: nothing is announced any more.
  var title: String
}
