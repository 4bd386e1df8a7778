import HTTPServer

/// Refuses what another site makes a browser send with our cookie: nothing changes state on GET, and
/// what changes state must come from a page of ours.
enum CrossSiteGuard {
  /// nil when the request may pass.
  static func refusal(of request: Request, hasCookie: Bool) -> Problem? {
    if ["GET", "HEAD", "OPTIONS"].contains(request.method) { return nil }
    // A page cannot forge this header, and unlike the host's name it survives every proxy; browsers
    // send it over TLS and to this machine.
    if let site = request.header("Sec-Fetch-Site") {
      if site != "same-origin" { return foreign }
    } else if let origin = request.header("Origin") {
      guard let host = request.header("Host"), isSame(origin, host) else { return foreign }
    } else if hasCookie {
      // Every browser of the last years says one of the two; scripts use a token, not a cookie.
      return foreign
    }
    // No form of another site can send either of these kinds.
    let type = request.contentType
    let isOurs = type == "application/json" || type.hasPrefix("image/")
    if !request.body.isEmpty, !isOurs {
      return Problem(415, "not_json", "The content type must be application/json.")
    }
    return nil
  }

  private static func isSame(_ origin: String, _ host: String) -> Bool {
    guard let scheme = origin.firstRange(of: "://") else { return false }
    return origin[scheme.upperBound...].lowercased() == host.lowercased()
  }

  private static let foreign = Problem(
    403, "foreign_origin", "This request does not come from a page of this Airloom.")
}
