import Base
import HTTPServer

/// `/api/v1/artwork`: pictures that recordings carry.
struct ArtworkRoutes {
  static let path = "/api/v1/artwork"

  private struct List: Encodable {
    let artwork: [ArtworkStore.Picture]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", ArtworkRoutes.path) { _, _ in
      try .json(List(artwork: await services.artwork.all()))
    }
    router.add("POST", ArtworkRoutes.path) { request, _ in try await add(request) }
    router.add("GET", ArtworkRoutes.path + "/{id}") { request, _ in
      guard let found = await services.artwork.find(request.parameter("id")) else {
        throw Problem(404, "not_found", "There is no such picture.")
      }
      return .file(found.path, contentType: found.kind.contentType)
        .with("Cache-Control", "private, max-age=31536000, immutable")
    }
  }

  /// The body is the picture.
  private func add(_ request: Request) async throws -> Response {
    guard request.body.count <= ArtworkStore.largestUpload else {
      throw Problem(413, "too_large", "The picture is larger than 10 MiB; make it smaller.")
    }
    do {
      return try .json(try await services.artwork.add(request.body), status: 201)
    } catch ArtworkStore.Fault.unknownKind {
      throw Problem(415, "no_picture", "This is neither a JPEG nor a PNG; send one of these.")
    } catch ArtworkStore.Fault.broken(let reason) {
      throw Problem(
        422, "broken_picture",
        "The picture cannot be decoded (\(reason)); save it anew and try again.")
    }
  }
}
