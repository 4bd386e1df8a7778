/// Why a time zone cannot be used, in one sentence for the person who typed it.
struct TimeZoneError: Error, Hashable, CustomStringConvertible {
  enum Kind: Hashable {
    /// The text cannot be a zone's name.
    case malformedName
    /// There is no such zone on this machine.
    case unknown
    /// The machine has no time zone database at all.
    case noDatabase
    /// The zone's file cannot be read.
    case unreadable
    /// The zone's file breaks the format's rules (RFC 9636).
    case damaged
  }

  let kind: Kind
  let description: String
}
