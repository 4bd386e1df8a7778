import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/recordings`
struct RecordingRoutes {
  private struct End: Decodable {
    /// nil: now.
    var end: Instant?
  }

  private struct List: Encodable {
    let recordings: [Recording]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/recordings") { request, _ in try await list(request) }
    router.add("GET", "/api/v1/recordings/{id}") { request, _ in
      try .json(try await known(request))
    }
    router.add("GET", "/api/v1/recordings/{id}/file") { request, _ in try await file(request) }
    router.add("GET", "/api/v1/recordings/{id}/log") { request, _ in
      let id: JobID = try request.identifier()
      return .file(
        "\(services.settings.home)/logs/recordings/\(id).log",
        contentType: "text/plain; charset=utf-8")
    }
    router.add("POST", "/api/v1/recordings/{id}/cancel") { try await cancel($0, $1) }
    router.add("POST", "/api/v1/recordings/{id}/end") { try await end($0, $1) }
  }

  private func list(_ request: Request) async throws -> Response {
    let states = try (request.query("state") ?? "").split(separator: ",").map { text in
      guard let state = RecordingState(rawValue: String(text)) else {
        throw Problem(422, "invalid", "There is no state '\(text)'.", field: "state")
      }
      return state
    }
    let filter = RecordingCatalog.Filter(
      states: states, stream: try request.identifier(query: "stream"),
      schedule: try request.identifier(query: "schedule"),
      from: try request.instant("from"), before: try request.instant("before"),
      newestFirst: request.query("order") != "oldest",
      limit: try request.number("limit", default: 100, in: 1...1000))
    let found = try await services.database.read { try RecordingCatalog.select(filter, $0) }
    return try .json(List(recordings: found))
  }

  private func known(_ request: Request) async throws -> Recording {
    let id: JobID = try request.identifier()
    guard let found = try await services.database.read({ try RecordingCatalog.find(id, $0) })
    else { throw Problem.notFound }
    return found
  }

  private func file(_ request: Request) async throws -> Response {
    guard let file = try await known(request).file else {
      throw Problem(404, "no_file", "This recording has no file yet.")
    }
    // The path comes from another service; what lies outside the media folder is not ours to show.
    guard file.path.hasPrefix(services.settings.mediaFolder + "/"), !file.path.contains("/../")
    else { throw Problem(404, "no_file", "This recording's file is not on this machine.") }
    let kind = request.query("download") == nil ? "inline" : "attachment"
    return Response.file(file.path, contentType: file.contentType)
      .with("Content-Disposition", ContentDisposition.value(kind, fileName: file.name))
      .with("Cache-Control", "private, no-cache")
  }

  private func cancel(_ request: Request, _ identity: Identity) async throws -> Response {
    let recording = try await known(request)
    return try await services.desk.give(
      CancelRecording(recording: recording.id), about: recording.id.text,
      to: services.settings.scheduler, by: identity
    ).response()
  }

  private func end(_ request: Request, _ identity: Identity) async throws -> Response {
    let recording = try await known(request)
    let input = request.body.isEmpty ? End() : try request.decoded(as: End.self)
    return try await services.desk.give(
      EndRecording(recording: recording.id, end: input.end ?? services.time.now()),
      about: recording.id.text, to: services.settings.scheduler, by: identity
    ).response()
  }
}

/// The file name that a browser offers (RFC 6266).
enum ContentDisposition {
  static func value(_ kind: String, fileName: String) -> String {
    var plain = ""
    var encoded = ""
    for byte in fileName.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        plain.unicodeScalars.append(Unicode.Scalar(byte))
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        plain += byte == UInt8(ascii: " ") ? " " : "_"
        encoded += "%" + hexadecimal([byte]).uppercased()
      }
    }
    return "\(kind); filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
  }
}
