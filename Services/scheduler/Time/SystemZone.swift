internal import Glibc

/// The time zone that the machine is set to, by its IANA name.
enum SystemZone {
  /// `$TZ` where it is a zone's name, else where `/etc/localtime` leads, else `UTC`.
  static func name() -> String {
    if let variable = getenv("TZ") {
      var text = String(cString: variable)
      if text.hasPrefix(":") { text.removeFirst() }
      if TimeZoneName(text) != nil { return text }
    }
    guard let resolved = realpath("/etc/localtime", nil) else { return "UTC" }
    defer { free(resolved) }
    let path = String(cString: resolved)
    guard let range = path.firstRange(of: "/zoneinfo/") else { return "UTC" }
    let name = String(path[range.upperBound...])
    return TimeZoneName(name) == nil ? "UTC" : name
  }
}
