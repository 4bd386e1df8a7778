import Base
import HTTPServer

/// The cookie that carries a session's secret.
struct SessionCookie: Sendable {
  let isSecure: Bool

  /// With the `__Host-` prefix browsers refuse one that another host or plain HTTP has set.
  private var name: String { isSecure ? "__Host-airloom" : "airloom" }

  func secret(in request: Request) -> String? { request.cookie(name) }

  func set(_ secret: String, for lifetime: Duration) -> (name: String, value: String) {
    header("\(name)=\(secret); Max-Age=\(Int(lifetime.inSeconds))")
  }

  var cleared: (name: String, value: String) { header("\(name)=; Max-Age=0") }

  private func header(_ start: String) -> (name: String, value: String) {
    let flags = "; Path=/; HttpOnly; SameSite=Lax"
    return ("Set-Cookie", start + flags + (isSecure ? "; Secure" : ""))
  }
}
