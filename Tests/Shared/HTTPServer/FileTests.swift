import Base
import Glibc
import HTTPClient
import HTTPServer
import Subprocess
import TestSupport
import Testing

@Suite("Serving files", .timeLimit(.minutes(1)))
struct FileTests {
  private let client = HTTPClient()
  private let folder: TemporaryFolder
  private let content: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    var generator = SplitMix64(seed: 1)
    content = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    try folder.file("a.mp3", content)
  }

  @Test func `the curl program gets the file, a range and the rest of a broken download`()
    async throws
  {
    let server = try await start()
    let half = Array(content[..<100_000])
    try folder.file("part", half)
    let runs: [(arguments: [String], file: String, expected: [UInt8])] = [
      (["-o", folder("whole")], "whole", content),
      (["-r", "1000-1999", "-o", folder("range")], "range", Array(content[1000..<2000])),
      (["-r", "-10", "-o", folder("tail")], "tail", Array(content.suffix(10))),
      (["-C", "-", "-o", folder("part")], "part", content),
    ]
    for run in runs {
      let child = try await ChildProcess.start(
        ChildCommand(
          try requires(Tool("curl", package: "curl")),
          ["-sS", "--fail"] + run.arguments + [server.url("/a.mp3")]))
      let exit = await child.exit()
      #expect(exit.isSuccess, "\(child.errorText)")
      #expect(try DurableFile.read(folder(run.file)) == run.expected)
    }
    await server.stop()
  }

  @Test(
    arguments: [
      ("bytes=0-0", 206, "bytes 0-0/300000", 1),
      ("bytes=299999-", 206, "bytes 299999-299999/300000", 1),
      ("bytes=300000-", 416, "bytes */300000", 0), ("bytes=x", 200, nil, 300_000),
    ] as [(String, Int, String?, Int)])
  func `a range`(range: String, status: Int, contentRange: String?, count: Int) async throws {
    let server = try await start()
    var request = HTTPRequest("GET", server.url("/a.mp3"))
    request.headers = ["Range": range]
    request.acceptsAnyStatus = true
    let response = try await client.request(request)
    #expect(response.status == status)
    #expect(response.headers["Content-Range"] == contentRange)
    #expect(response.headers["Accept-Ranges"] == "bytes")
    #expect(response.body.count == count)
    await server.stop()
  }

  @Test func `several ranges are answered as nginx answers them`() async throws {
    let server = try await start()
    let nginx = try await NginxServer.start(serving: folder.path)
    var bodies: [[UInt8]] = []
    for url in [server.url("/a.mp3"), nginx.url("a.mp3")] {
      var request = HTTPRequest("GET", url)
      request.headers = ["Range": "bytes=0-9,100-70000,-1"]
      let response = try await client.request(request)
      #expect(response.status == 206)
      let contentType = try #require(response.headers["Content-Type"])
      #expect(contentType.hasPrefix("multipart/byteranges; boundary="))
      #expect(response.headers["Content-Length"] == "\(response.body.count)")
      let boundary = Array(try #require(contentType.split(separator: "=").last).utf8)
      bodies.append(Self.replacing(boundary, in: response.body))
    }
    #expect(bodies[0] == bodies[1])
    await server.stop()
    await nginx.kill()
  }

  @Test func `a tag spares the second download and guards a resumed one`() async throws {
    let server = try await start()
    var request = HTTPRequest("GET", server.url("/a.mp3"))
    let tag = try #require(try await client.request(request).headers["ETag"])
    request.headers = ["If-None-Match": tag]
    #expect(try await client.request(request).status == 304)
    request.headers = ["Range": "bytes=0-9", "If-Range": tag]
    #expect(try await client.request(request).status == 206)
    request.headers = ["Range": "bytes=0-9", "If-Range": "\"old\""]
    #expect(try await client.request(request).status == 200)
    await server.stop()
  }

  @Test func `what is not a file is not there`() async throws {
    mkfifo(folder("pipe"), 0o644)
    let server = try await start()
    for path in ["/none", "/pipe", "/"] {
      let error = await #expect(throws: HTTPError.self) {
        try await client.request(HTTPRequest("GET", server.url(path)))
      }
      #expect(error?.kind == .status(404))
    }
    await server.stop()
  }

  @Test func `no descriptor is left open`() async throws {
    let server = try await start()
    let before = TemporaryFolder.names(in: "/proc/self/fd").filter(leadsHere).count
    for range in ["bytes=0-1", "bytes=0-1,5-6", "bytes=999999-", "none"] {
      var request = HTTPRequest("GET", server.url("/a.mp3"))
      request.headers = ["Range": range]
      request.acceptsAnyStatus = true
      _ = try await client.request(request)
    }
    await server.stop()
    #expect(TemporaryFolder.names(in: "/proc/self/fd").filter(leadsHere).count == before)
  }

  private func leadsHere(_ descriptor: String) -> Bool {
    var target = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
    let bytes = target.prefix(max(0, count)).map(UInt8.init(bitPattern:))
    return String(decoding: bytes, as: UTF8.self).hasPrefix(folder.path)
  }

  private func start() async throws -> Running {
    let path = folder.path
    return try await Running { .file(path + $0.path, contentType: "audio/mpeg") }
  }

  private static func replacing(_ boundary: [UInt8], in body: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = body[...]
    while !rest.isEmpty {
      if rest.starts(with: boundary) {
        result.append(UInt8(ascii: "B"))
        rest = rest.dropFirst(boundary.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }
}
