internal import Base

/// Names in the output folder: after the drop's name, made safe, and numbered where a name is taken.
/// `Show.mp4`, `Show (2).mp4`, …
enum OutputName {
  /// Bytes; file systems take 255, and ` (9999).mp4` must still fit.
  private static let longest = 200

  /// Without an ending.
  static func stem(of drop: DropPath, number: Int) -> String {
    let stem = safe(drop.nameText)
    return number <= 1 ? stem : "\(stem) (\(number))"
  }

  private static func safe(_ name: String) -> String {
    let base = name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
    var stem = ""
    for character in base {
      let isBad =
        character == "/"
        || character.unicodeScalars.contains { scalar in
          scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
            || scalar.value == 0x2029
        }
      let next = isBad ? "-" : String(character)
      if stem.utf8.count + next.utf8.count > longest { break }
      stem += next
    }
    while stem.first == "." || stem.first == " " { stem.removeFirst() }
    while stem.last == " " { stem.removeLast() }
    return stem.isEmpty ? "recording" : stem
  }
}

/// Our files in the output folder while they are being made; the id in them tells whose they are.
enum WorkFile {
  private static let prefix = ".airloom-"

  static func movie(_ id: String, in folder: String) -> String {
    "\(folder)/\(prefix)\(id).part.mp4"
  }

  static func captions(_ id: String, in folder: String) -> String {
    "\(folder)/\(prefix)\(id).part.srt"
  }

  static func moved(_ id: String, in folder: String) -> String {
    "\(folder)/\(prefix)\(id).part"
  }

  /// The id in a name that is one of these (or of a half-written one of them).
  static func id(in name: String) -> String? {
    guard name.hasPrefix(prefix), name.contains(".part") else { return nil }
    let id = name.dropFirst(prefix.count).prefix { $0 != "." }
    return id.isEmpty ? nil : String(id)
  }
}
