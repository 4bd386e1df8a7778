import Base
import Messages
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("What S3 says, and how files are cut")
struct S3ValueTests {
  @Test("elements are found by name, unescaped, at any depth")
  func documents() {
    let document = S3Document(
      Array(
        """
        <?xml version="1.0"?>
        <List xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Upload><Key>a&amp;b</Key></Upload>
        <Upload><Key>&lt;&quot;x&#39;&unknown;&</Key></Upload></List>
        """.utf8))
    #expect(document.root == "List")
    #expect(document.elements("Upload").map { $0.value("Key") } == ["a&b", "<\"x'&unknown;&"])
    #expect(document.value("Code") == nil)
    for text in ["", "<", "<a", "<a>", "</a>", "<Key></Ke", "plain", "<?xml"] {
      #expect(S3Document(Array(text.utf8)).value("Key") == nil)
    }
    #expect(S3Document.escaped("<\"&>") == "&lt;&quot;&amp;&gt;")
  }

  @Test(
    "parts are as large as wanted, and larger where there would be more than 10,000",
    arguments: [
      (1, 8, 8, 1), (8 << 20, 8 << 20, 8 << 20, 1), ((8 << 20) + 1, 8 << 20, 8 << 20, 2),
      (100 << 30, 8 << 20, 11 << 20, 9310),
    ] as [(Int64, Int64, Int64, Int)])
  func plans(_ size: Int64, _ wanted: Int64, _ part: Int64, _ count: Int) {
    let plan = MultipartPlan(size: size, wanted: wanted)
    #expect(plan.partBytes == part && plan.count == count)
    #expect(plan.range(of: 1).start == 0)
    let last = plan.range(of: count)
    #expect(last.start + last.size == size && last.size > 0)
  }

  @Test("addresses are as S3 wants them, in both styles")
  func addresses() {
    func endpoint(_ port: Int, _ isTLS: Bool, _ usesPathStyle: Bool) -> S3Endpoint {
      S3Endpoint(
        host: "s3.example.org", port: port,
        bucket: .init(name: "media", region: "r", isTLS: isTLS, usesPathStyle: usesPathStyle),
        accessKey: "k", sealedSecret: nil)
    }
    let path = endpoint(443, true, true)
    #expect(path.url(path.target("a b/c.mp3")) == "https://s3.example.org/media/a%20b/c.mp3")
    #expect(path.url(path.target(nil, query: ["uploads": ""])).hasSuffix("/media?uploads="))
    let virtual = endpoint(9000, false, false)
    #expect(virtual.authority == "media.s3.example.org:9000")
    #expect(virtual.url(virtual.target("c.mp3")) == "http://media.s3.example.org:9000/c.mp3")
    #expect(virtual.url(virtual.target(nil)) == "http://media.s3.example.org:9000/")
  }
}
