/// Which names in a watched folder may be drops at all. By name alone: nothing is opened.
///
/// Hidden files (our own among them), what programs write before they rename, lock files, sidecars
/// and pictures are not drops, and folders that recyclers and file systems keep are not entered.
enum DropRules {
  /// What PVRs write, by the endings they give it.
  static let endings: Set<String> = [
    "ts", "m2ts", "mts", "m2t", "trp", "tp", "mpg", "mpeg", "mpe", "m2p", "ps", "vob", "evo", "vro",
    "mkv", "webm", "mp4", "m4v", "mov", "avi", "wtv", "dvr-ms", "asf", "wmv", "flv", "mxf", "ogv",
    "ogm", "3gp",
  ]

  private static let skippedFolders: Set<String> = [
    "@eadir", "#recycle", "#snapshot", "$recycle.bin", "lost+found", "system volume information",
  ]

  static func isDrop(_ name: some BidirectionalCollection<UInt8>) -> Bool {
    guard let first = name.first, first != UInt8(ascii: "."), first != UInt8(ascii: "~"),
      let dot = name.lastIndex(of: UInt8(ascii: "."))
    else { return false }
    let ending = String(decoding: name[name.index(after: dot)...], as: UTF8.self).lowercased()
    // What a copying or downloading program has not renamed yet (.part, .tmp, .crdownload,
    // .filepart, .!ut …) is none of these; `show.part.ts` is a name that people give.
    return endings.contains(ending)
  }

  static func isEntered(_ name: some Sequence<UInt8>) -> Bool {
    let text = String(decoding: Array(name), as: UTF8.self).lowercased()
    return !text.hasPrefix(".") && !skippedFolders.contains(text)
  }

  /// Names of files that say that the drop beside them is still being written.
  static func lockNames(for name: some Sequence<UInt8>) -> [[UInt8]] {
    let name = Array(name)
    return [
      name + Array(".lock".utf8), name + Array(".lck".utf8), name + Array(".part".utf8),
      Array(".~lock.".utf8) + name + Array("#".utf8),
    ]
  }
}
