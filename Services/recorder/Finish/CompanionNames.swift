import Messages

/// What the files beside a recording's file are called, and what those of text hold. A value.
enum CompanionNames {
  /// `Show.mp3` → `Show.mp3.sha256`, `Show.cue`, `Show.waveform.png`, …
  static func name(_ kind: CompanionFile.Kind, beside file: String) -> String {
    let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    switch kind {
    // As every other tool does it: beside the whole name.
    case .sha256: return file + ".sha256"
    case .cueSheet: return stem + ".cue"
    case .asRun: return stem + ".as-run.txt"
    case .waveform: return stem + ".waveform.png"
    case .thumbnail: return stem + ".thumbnail.jpg"
    }
  }

  /// A line that `sha256sum -c` reads; a backslash in a name is doubled there and the line marked.
  static func checksum(_ sha256: String, of name: String) -> String {
    guard name.contains("\\") else { return "\(sha256)  \(name)\n" }
    let escaped = name.map { $0 == "\\" ? "\\\\" : "\($0)" }.joined()
    return "\\\(sha256)  \(escaped)\n"
  }

}
