internal import Base

/// A mail as bytes on the wire (RFC 5322): what may come from outside is encoded, so that no text
/// can begin a header of its own or end the message.
struct MailMessage: Hashable, Sendable {
  var from: String
  var to: [String]
  /// Without angle brackets, such as `17.0a1b@airloom`.
  var id: String
  var date: Instant
  var subject: String
  var body: String

  /// Lines end with CR LF; none is longer than 78 characters.
  var bytes: [UInt8] {
    var lines = [
      "Date: \(MailDate.text(date))", "From: Airloom <\(from)>",
      "To: " + to.joined(separator: ",\r\n "), "Message-ID: <\(id)>",
    ]
    lines += MailMessage.header("Subject", subject)
    lines += [
      "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: quoted-printable", "Auto-Submitted: auto-generated",
      "X-Auto-Response-Suppress: All", "",
    ]
    lines += QuotedPrintable.lines(body)
    return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
  }

  /// An unstructured header, as encoded words (RFC 2047) where it is not plain ASCII.
  static func header(_ name: String, _ text: String) -> [String] {
    let clean = String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    let isPlain = clean.utf8.allSatisfy { $0 < 0x7F } && !clean.contains("=?")
    if isPlain, name.utf8.count + 2 + clean.utf8.count <= 78 { return ["\(name): \(clean)"] }
    var words: [String] = []
    var word: [UInt8] = []
    for scalar in clean.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      // An encoded word has at most 75 characters and holds whole characters.
      if word.count + bytes.count > 42 {
        words.append(encodedWord(word))
        word = []
      }
      word += bytes
    }
    if !word.isEmpty || words.isEmpty { words.append(encodedWord(word)) }
    return ["\(name): \(words[0])"] + words.dropFirst().map { " \($0)" }
  }

  private static func encodedWord(_ bytes: [UInt8]) -> String {
    "=?utf-8?B?\(Base64.text(bytes))?="
  }
}

/// The date of a mail (RFC 5322 §3.3), in UTC.
enum MailDate {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func text(_ instant: Instant) -> String {
    let civil = CivilTime(secondsSinceEpoch: instant.seconds)
    let time = [civil.hour, civil.minute, civil.second].map { padded($0, 2) }
    return "\(days[civil.weekday]), \(civil.day) \(months[civil.month - 1]) "
      + "\(padded(civil.year, 4)) \(time.joined(separator: ":")) +0000"
  }
}

/// Text as quoted-printable (RFC 2045 §6.7): readable where it is ASCII, at most 76 characters a
/// line.
enum QuotedPrintable {
  static func lines(_ text: String) -> [String] {
    text.split(separator: /\r\n|\r|\n/, omittingEmptySubsequences: false)
      .flatMap { encode($0.utf8) }
  }

  private static func encode(_ line: Substring.UTF8View) -> [String] {
    var lines: [String] = []
    var current = ""
    for (index, byte) in zip(line.indices, line) {
      let isLast = line.index(after: index) == line.endIndex
      let token = self.token(byte, isLast: isLast)
      // One character is left for the soft break.
      if current.utf8.count + token.utf8.count > 75 {
        lines.append(current + "=")
        current = ""
      }
      current += token
    }
    return lines + [current]
  }

  private static func token(_ byte: UInt8, isLast: Bool) -> String {
    let isBlank = byte == 0x20 || byte == 0x09
    if isBlank ? !isLast : (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=") {
      return String(Unicode.Scalar(byte))
    }
    return (byte < 0x10 ? "=0" : "=") + String(byte, radix: 16, uppercase: true)
  }
}
