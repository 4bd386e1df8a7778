/// The name of a recording's file: what the plan says, made safe once more, and numbered where the
/// name is taken. `Show.mp3`, `Show (2).mp3`, …
enum RecordingName {
  /// Bytes; file systems take 255, and ` (999).mp3` must still fit.
  private static let longest = 200

  static func candidate(_ wish: String, fileExtension: String, number: Int) -> String {
    let name = safe(wish)
    return (number <= 1 ? name : "\(name) (\(number))") + "." + fileExtension
  }

  private static func safe(_ wish: String) -> String {
    var name = ""
    for character in wish {
      let isBad =
        character == "/"
        || character.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
      let next = isBad ? "-" : String(character)
      if name.utf8.count + next.utf8.count > longest { break }
      name += next
    }
    while name.first == "." || name.first == " " { name.removeFirst() }
    while name.last == " " { name.removeLast() }
    return name.isEmpty ? "recording" : name
  }
}
