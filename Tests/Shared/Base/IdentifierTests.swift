import Base
import FoundationEssentials
import Testing

@Suite struct IdentifierTests {
  @Test(
    "Good names",
    arguments: ["a", "recorder-1", "0", "_x", "a.b.c", "-", String(repeating: "z", count: 100)])
  func good(text: String) throws {
    #expect(NodeID(text)?.text == text)
    let decoded = try JSONDecoder().decode([StreamID].self, from: JSONEncoder().encode([text]))
    #expect(decoded.first?.text == text)
  }

  @Test(
    "Names that could leave a folder, a topic or a URL segment are refused, in JSON too",
    arguments: [
      "", ".", "..", ".hidden", "A", "a b", "a/b", "../a", "a\\b", "a\0b", "a\n", "ä", "a:b", "a*",
      "*", "a%2f", "a?", "a#", "ａ", String(repeating: "z", count: 101),
    ])
  func bad(text: String) throws {
    #expect(NodeID(text) == nil)
    #expect(!JobID.isValid(text))
    let json = try JSONEncoder().encode([text])
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([StreamID].self, from: json) }
  }

  @Test("An identifier is a plain string in JSON, and nothing but a string is one")
  func plainString() throws {
    let json = try JSONEncoder().encode(["id": NodeID(unchecked: "gateway")])
    #expect(String(decoding: json, as: UTF8.self) == #"{"id":"gateway"}"#)
    for text in ["[1]", "[null]", "[{}]", "[[\"a\"]]"] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode([NodeID].self, from: Data(text.utf8))
      }
    }
  }

  @Test("Random ones are valid and never the same")
  func random() {
    let all = (0..<1000).map { _ in MessageID.random() }
    #expect(Set(all).count == 1000)
    #expect(all.allSatisfy { MessageID.isValid($0.text) && $0.text.utf8.count == 32 })
  }

  @Test("The generator for simulations gives its published numbers")
  func splitMix() {
    // The first outputs of Vigna's splitmix64.c for the seed 1234567.
    var generator = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in generator.next() }
        == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }
}
