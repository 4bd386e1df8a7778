import Base
import Glibc
import HTTPServer
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("What is written about the gateway", .timeLimit(.minutes(10)))
struct DescriptionTests {
  private static let root = #filePath.split(separator: "/").dropLast(4)
    .reduce("") { "\($0)/\($1)" }

  @Test func `the OpenAPI file names the routes that there are, and no others`() async throws {
    let text = try DurableFile.read(Self.root + "/docs/api/openapi.yaml")
    var described: Set<String> = []
    var path = ""
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let paths = lines.drop { $0 != "paths:" }.dropFirst().prefix { $0.hasPrefix(" ") }
    for line in paths {
      if let found = line.wholeMatch(of: /\ \ (\/[^:]*):/) { path = String(found.1) }
      if let found = line.wholeMatch(of: /\ {4}(get|post|put|delete|patch):/) {
        described.insert("\(found.1.uppercased()) \(path)")
      }
    }
    let gateway = try await TestGateway()
    let routes = gateway.service.router.router.routes
      .filter { $0.pattern.hasPrefix("/api/") || ["/healthz", "/metrics"].contains($0.pattern) }
      .map { "\($0.method) \($0.pattern)" }
    #expect(described == Set(routes))
    await gateway.stop()
  }

  @Test func `every page that is written is compiled in, and what it loads is there`() throws {
    let folder = Self.root + "/Services/gateway/Web/pages"
    let files = WebFiles()
    #expect(files.names == TemporaryFolder.names(in: folder))
    for name in files.names where name.hasSuffix(".js") || name.hasSuffix(".html") {
      let text = String(decoding: try DurableFile.read("\(folder)/\(name)"), as: UTF8.self)
      for match in text.matches(of: /(?:from "\.\/|"\/assets\/)([a-z.]+)"/) {
        #expect(files.names.contains(String(match.1)), "\(name) loads \(match.1)")
      }
    }
  }

  @Test func `no page writes markup from data, or asks for anything from elsewhere`() throws {
    let folder = Self.root + "/Services/gateway/Web/pages"
    let forbidden = [
      "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
      "javascript:", "https://", "style=", " onclick=\"",
    ]
    for name in WebFiles().names {
      let text = String(decoding: try DurableFile.read("\(folder)/\(name)"), as: UTF8.self)
      for word in forbidden { #expect(!text.contains(word), "\(word) in \(name)") }
    }
  }
}
