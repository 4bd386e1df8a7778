import Base
import FoundationEssentials
import Glibc
import HTTPClient
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_gateway

/// Pictures for recordings, and the files beside recordings, over HTTP.
@Suite(.timeLimit(.minutes(5)))
struct ArtworkRESTTests {
  struct Picture: Decodable, Hashable {
    let id: String
    let contentType: String
    let bytes: Int
  }

  struct List: Decodable { let artwork: [Picture] }

  static func picture(
    _ kind: ArtworkStore.Kind, _ folder: TemporaryFolder, size: String = "1800x900"
  ) async throws -> [UInt8] {
    let path = folder("picture.\(kind.rawValue)")
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        [
          "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=\(size)", "-frames:v",
          "1", "-metadata", "comment=SECRET PLACE", path,
        ]), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure(run.errorText) }
    return try DurableFile.read(path)
  }

  static func post(
    _ gateway: TestGateway, _ cookie: String, _ body: [UInt8], _ type: String = "image/png"
  ) async throws -> HTTPResponse {
    try await gateway.send(
      "POST", "/api/v1/artwork", body: body, contentType: type,
      headers: [("Cookie", cookie), ("Origin", gateway.origin)])
  }

  @Test func `A picture is drawn anew, made smaller, kept under its hash and handed out`()
    async throws
  {
    let gateway = try await TestGateway()
    let cookie = try await gateway.logIn()
    for kind in ArtworkStore.Kind.allCases {
      let original = try await Self.picture(kind, gateway.folder)
      let response = try await Self.post(gateway, cookie, original, kind.contentType)
      #expect(response.status == 201, "\(response.text)")
      let made = try JSONDecoder().decode(Picture.self, from: Data(response.body))
      #expect(made.contentType == kind.contentType)
      let found = try await gateway.send(
        "GET", "/api/v1/artwork/\(made.id)", headers: [("Cookie", cookie)])
      #expect(found.status == 200 && found.headers["Content-Type"] == kind.contentType)
      #expect(found.headers["Cache-Control"]?.contains("immutable") ?? false)
      #expect(hexadecimal(SHA256.hash(found.body)) == made.id && found.body.count == made.bytes)
      #expect(!String(decoding: found.body, as: UTF8.self).contains("SECRET"))
      let path = gateway.folder("media/artwork/\(made.id).\(kind.rawValue)")
      let run = try await ChildProcess.run(
        ChildCommand(
          try requires(.ffprobe),
          ["-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", path]),
        timeout: .seconds(60))
      #expect(run.text.hasPrefix("1400,700"), "\(run.text)")
      // The same again is the same picture.
      let again = try await Self.post(gateway, cookie, original, kind.contentType)
      #expect(try JSONDecoder().decode(Picture.self, from: Data(again.body)) == made)
    }
    let list = try await gateway.send("GET", "/api/v1/artwork", headers: [("Cookie", cookie)])
    #expect(try JSONDecoder().decode(List.self, from: Data(list.body)).artwork.count == 2)
    await gateway.stop()
  }

  @Test func `What is no picture, too large, or a bomb is refused`() async throws {
    let gateway = try await TestGateway()
    let cookie = try await gateway.logIn()
    let png = try await Self.picture(.png, gateway.folder)
    let bomb = try await Self.picture(.png, gateway.folder, size: "9000x9000")
    let svg = Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8)
    let playlist = Array("#EXTM3U\nfile:///etc/passwd\n".utf8)
    let cases: [(body: [UInt8], type: String, status: Int)] = [
      (svg, "image/png", 415), (playlist, "image/jpeg", 415), ([], "image/png", 415),
      (Array(png.prefix(200)), "image/png", 422),
      ([0xFF, 0xD8, 0xFF] + playlist, "image/jpeg", 422), (bomb, "image/png", 422),
      (png, "text/plain", 415), (png, "application/x-www-form-urlencoded", 415),
      (png + [UInt8](repeating: 0, count: 10 << 20), "image/png", 413),
    ]
    for (body, type, status) in cases {
      let response = try await Self.post(gateway, cookie, body, type)
      #expect(response.status == status, "\(type) \(body.count): \(response.text)")
    }
    // Another site's page, and nobody at all.
    let foreign = try await gateway.send(
      "POST", "/api/v1/artwork", body: png, contentType: "image/png",
      headers: [("Cookie", cookie), ("Origin", "http://evil.test")])
    #expect(foreign.status == 403)
    let nobody = try await gateway.send(
      "POST", "/api/v1/artwork", body: png, contentType: "image/png")
    #expect(nobody.status == 401)
    for id in ["..%2f..%2fgateway.sqlite", "x", String(repeating: "a", count: 64)] {
      let response = try await gateway.send(
        "GET", "/api/v1/artwork/\(id)", headers: [("Cookie", cookie)])
      #expect(response.status == 404)
    }
    let list = try await gateway.send("GET", "/api/v1/artwork", headers: [("Cookie", cookie)])
    #expect(try JSONDecoder().decode(List.self, from: Data(list.body)).artwork.isEmpty)
    await gateway.stop()
  }

  @Test func `Files beside a recording are those that it names, from the media folder and pools`()
    async throws
  {
    let pool = try TemporaryFolder()
    let gateway = try await TestGateway(adjust: { $0.poolFolders = [pool.path] })
    let cookie = try await gateway.logIn()
    let outside = try TemporaryFolder()
    for (id, folder) in [
      ("a", gateway.folder("media/recordings")), ("b", pool.path), ("c", outside.path),
    ] {
      try Syscall.makeFolders(folder)
      for name in ["Show.mp3", "Show.cue", "Other.cue"] {
        try DurableFile.write(Array("\(id) \(name)".utf8), to: folder + "/" + name)
      }
      let file = FinishedFile(
        path: folder + "/Show.mp3", name: "Show.mp3", bytes: 1, sha256: "",
        contentType: "audio/mpeg",
        durationUs: 1, gaps: [],
        companions: [
          CompanionFile(kind: .cueSheet, name: "Show.cue", bytes: 10),
          CompanionFile(kind: .asRun, name: "../Other.cue", bytes: 1),
        ])
      let recording = Recording(
        id: JobID(unchecked: id), schedule: ScheduleID(unchecked: "s"),
        stream: StreamID(unchecked: "radio"), title: "Show", start: .epoch, end: .epoch,
        paddedStart: .epoch, paddedEnd: .epoch, state: .committed, file: file, updatedAt: .epoch)
      try await gateway.hear { try $0.apply(RecordingChanged(recording: recording), $1) }
      func get(_ name: String) async throws -> HTTPResponse {
        try await gateway.send(
          "GET", "/api/v1/recordings/\(id)/companions/\(name)", headers: [("Cookie", cookie)])
      }
      let found = try await get("Show.cue")
      #expect(found.status == (id == "c" ? 404 : 200))
      if id != "c" {
        #expect(found.text == "\(id) Show.cue")
        #expect(found.headers["Content-Type"]?.hasPrefix("text/plain") ?? false)
      }
      for other in ["Other.cue", "Show.mp3", "..%2fOther.cue"] {
        #expect(try await get(other).status == 404)
      }
    }
    await gateway.stop()
  }
}
