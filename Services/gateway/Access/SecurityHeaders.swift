import HTTPServer

/// What every response tells the browser not to do.
struct SecurityHeaders: Sendable {
  let isBehindTLSProxy: Bool

  private static let policy = [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
    // Media Source players read from a blob of their own.
    "media-src 'self' blob:", "connect-src 'self'", "manifest-src 'self'", "form-action 'self'",
    "base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'",
  ].joined(separator: "; ")

  func add(to response: inout Response) {
    response.headers += [
      ("Content-Security-Policy", SecurityHeaders.policy),
      ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
      // With no-referrer browsers send "Origin: null", and our own pages would look foreign.
      ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ]
    if response.header("Cross-Origin-Resource-Policy") == nil {
      response.headers.append(("Cross-Origin-Resource-Policy", "same-origin"))
    }
    if response.header("Cache-Control") == nil {
      response.headers.append(("Cache-Control", "no-store"))
    }
    if isBehindTLSProxy {
      response.headers.append(("Strict-Transport-Security", "max-age=31536000"))
    }
  }
}
