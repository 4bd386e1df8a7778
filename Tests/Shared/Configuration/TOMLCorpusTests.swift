import Base
import Configuration
import FoundationEssentials
import TestSupport
import Testing

@Suite("toml-test's documents for TOML 1.0", .enabled(if: corpus != nil, "\(Corpora.absence)"))
struct TOMLCorpusTests {
  @Test("the valid ones mean what they should")
  func valid() throws {
    let names = try documents("valid/")
    #expect(names.count > 200)
    for name in names {
      do {
        let node = try TOMLDocument.parse(try bytes(name))
        let json = Data(try bytes(name.dropLast(5) + ".json"))
        let expected = try JSONDecoder().decode(TaggedJSON.self, from: json)
        let difference = expected.difference(from: node)
        #expect(difference == nil, "\(name) \(difference ?? "")")
      } catch {
        Issue.record("\(name): \(error)")
      }
    }
  }

  @Test("the invalid ones are refused, each at a line and a column")
  func invalid() throws {
    let names = try documents("invalid/")
    #expect(names.count > 400)
    for name in names {
      let error = #expect(throws: TOMLDocument.SyntaxError.self, "\(name)") {
        try TOMLDocument.parse(try bytes(name))
      }
      if let error {
        #expect(error.position.line > 0 && error.position.column > 0, "\(name): \(error)")
        #expect(!error.reason.isEmpty, "\(name)")
      }
    }
  }

  private func documents(_ kind: String) throws -> [String] {
    String(decoding: try bytes("files-toml-1.0.0"), as: UTF8.self)
      .split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix(kind) && $0.hasSuffix(".toml") }
  }

  private func bytes(_ name: some StringProtocol) throws -> [UInt8] {
    try DurableFile.read("\(try #require(corpus))/\(name)")
  }
}

private let corpus = Corpora.folder("toml")
