/// The words in dates: months in the languages that feeds are found in, zones, halves of the day.
enum DateWords {
  /// Whether it is the afternoon.
  static let meridiem: [String: Bool] = ["am": false, "pm": true, "오전": false, "오후": true]

  /// By the beginning of a month's name; longer beginnings first.
  static func month(_ word: String) -> Int? {
    for length in [4, 3] where word.count >= length {
      if let found = months[String(word.prefix(length))] { return found }
    }
    return nil
  }

  /// Minutes east of Greenwich.
  static func zone(_ word: String) -> Int? {
    // "etc/gmt"; the zones of regions that are no abbreviation are not known here.
    zones[word.split(separator: "/").last.map(String.init) ?? word]
  }

  private static let months: [String: Int] = {
    let names = [
      "jan ene gen янв ιαν sty led", "feb fév fev фев φεβ lut úno",
      "mar mär mrz maa мар μάώ μαρ", "apr abr avr апр απρ ápri kwi dub",
      "may mai mag mei maj máj май мая μάι μαϊ kvě", "jun giu juin июн ιούν ιουν jún cze čvn",
      "jul lug juil июл ιούλ ιουλ júl lip čvc", "aug ago aoû aou авг αύγ αυγ sie srp",
      "sep set сен σεπ sze wrz zář", "oct okt ott out окт οκτ paź říj",
      "nov ноя νοέ νοε lis", "dec dez déc dic des дек δεκ gru pro",
    ]
    var table: [String: Int] = [:]
    for (index, line) in names.enumerated() {
      for name in line.split(separator: " ") { table[String(name)] = index + 1 }
    }
    return table
  }()

  private static let zones: [String: Int] = [
    "z": 0, "gmt": 0, "ut": 0, "utc": 0, "wet": 0, "bst": 60, "wst": 60, "west": 60, "ist": 330,
    "cet": 60, "met": 60, "mez": 60, "cest": 120, "mest": 120, "mesz": 120, "eet": 120,
    "eest": 180, "msk": 180, "msd": 240, "sast": 120, "hkt": 480, "sgt": 480, "jst": 540,
    "kst": 540, "acst": 570, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
    "est": -300, "edt": -240, "et": -300, "cst": -360, "cdt": -300, "ct": -360,
    "mst": -420, "mdt": -360, "mt": -420, "pst": -480, "pdt": -420, "pt": -480,
    "ast": -240, "adt": -180, "at": -240, "nst": -210, "ndt": -150, "akst": -540, "akdt": -480,
    "hst": -600, "brt": -180, "brst": -120, "art": -180, "clt": -240, "clst": -180,
  ]
}
