import HTTPServer

/// The web pages: `/login` for everybody, `/` and its parts for those who are logged in.
struct PageRoutes {
  private let files = WebFiles()

  func add(to router: inout GuardedRouter) {
    for name in files.names {
      if WebFiles.open.contains(name) {
        router.addOpen("GET", "/assets/\(name)") { [files] _ in try files.response(name) }
      } else {
        router.add("GET", "/assets/\(name)") { [files] _, _ in try files.response(name) }
      }
    }
    router.addOpen("GET", "/login") { [files] _ in try files.response("login.html") }
    router.add("GET", "/") { [files] _, _ in try files.response("index.html") }
  }
}
