import Testing

@testable import XML

@Suite("A list of feeds in OPML")
struct OPMLTests {
  @Test("is read at any depth, each address once, with the best name there is")
  func nested() throws {
    let text = """
      <?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
      <outline text="News"><outline type="rss" text="A" title="A &amp; B" xmlUrl=" http://a.example/f "/>
      <outline text="b" xmlurl="http://b.example/f"></outline></outline>
      <outline text="again" xmlUrl="http://a.example/f"/><outline xmlUrl="http://c.example/f?x=1&y=2"/>
      <outline text="a folder only"/></body></opml>
      """
    #expect(
      try OPML.feeds(in: Array(text.utf8)) == [
        OPML.Feed(url: "http://a.example/f", name: "A & B"),
        OPML.Feed(url: "http://b.example/f", name: "b"),
        OPML.Feed(url: "http://c.example/f?x=1&y=2"),
      ])
  }

  @Test("that is none is refused")
  func none() throws {
    #expect(throws: XMLError.self) { try OPML.feeds(in: Array("not a list".utf8)) }
    #expect(try OPML.feeds(in: Array("<html/>".utf8)).isEmpty)
  }
}
