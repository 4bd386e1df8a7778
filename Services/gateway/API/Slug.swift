import Base

/// An identifier out of a name that a person chose: `Radio Eins (UKW)` becomes `radio-eins-ukw`.
enum Slug {
  private static let folded: [Character: String] = [
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d",
  ]

  /// Free of every name that is taken; a number is added where it must be.
  static func make<Name: Identifier>(from text: String, taken: Set<Name>) -> Name {
    let base = plain(text)
    let stem = base.isEmpty ? "unnamed" : base
    if let name = Name(stem), !taken.contains(name) { return name }
    for number in 2...(taken.count + 2) {
      if let name = Name("\(stem)-\(number)"), !taken.contains(name) { return name }
    }
    return .random()
  }

  private static func plain(_ text: String) -> String {
    var result = ""
    for character in text.lowercased() {
      let piece = folded[character] ?? base(of: character)
      for scalar in piece.unicodeScalars {
        switch scalar {
        case "a"..."z", "0"..."9": result.unicodeScalars.append(scalar)
        default: if !result.isEmpty, !result.hasSuffix("-") { result += "-" }
        }
      }
    }
    return String(result.prefix(60).reversed().drop { $0 == "-" }.reversed())
  }

  /// The letter without its accents, where Unicode can take it apart; a separator otherwise.
  private static func base(of character: Character) -> String {
    guard let scalar = character.unicodeScalars.first else { return "-" }
    if scalar.isASCII { return String(character) }
    let accented: [(letters: String, base: String)] = [
      ("àáâãåāăą", "a"), ("çćčĉ", "c"), ("ďḍ", "d"), ("èéêëēėęě", "e"), ("ğĝģ", "g"),
      ("ìíîïīį", "i"),
      ("ķ", "k"), ("ĺļľ", "l"), ("ñńņň", "n"), ("òóôõōő", "o"), ("ŕř", "r"), ("śşšș", "s"),
      ("ţťț", "t"), ("ùúûūůű", "u"), ("ýÿ", "y"), ("źżž", "z"),
    ]
    return accented.first { $0.letters.contains(character) }?.base ?? "-"
  }
}
