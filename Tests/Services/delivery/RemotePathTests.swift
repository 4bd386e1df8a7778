import Base
import Testing

@testable import airloom_delivery

@Suite("The names of an upload")
struct RemotePathTests {
  private func path(
    _ folder: String, _ name: String, id: String = "d", hash: String = "0123456789abcdef"
  ) throws -> RemotePath {
    try unwrap(
      RemotePath(
        folder: folder, name: name, delivery: try unwrap(DeliveryID(id)), contentHash: hash))
  }

  @Test(
    "join folder and name with one slash",
    arguments: [
      ("", "a.mp3", "a.mp3"), ("in", "a.mp3", "in/a.mp3"), ("in/", "a.mp3", "in/a.mp3"),
      ("/", "a.mp3", "/a.mp3"), ("/srv//", "a.mp3", "/srv/a.mp3"),
    ])
  func target(folder: String, name: String, expected: String) throws {
    #expect(try path(folder, name).target == expected)
  }

  @Test(
    "put the hash before the ending where another file has the name",
    arguments: [
      ("show.mp3", "show~01234567.mp3"), ("show", "show~01234567"),
      (".hidden", ".hidden~01234567"), ("a.b.flac", "a.b~01234567.flac"),
    ])
  func alternative(name: String, expected: String) throws {
    #expect(try path("", name).alternative == expected)
  }

  @Test("fit into 255 bytes without cutting a character in two")
  func longName() throws {
    let name = String(repeating: "ü", count: 125) + ".mp3"
    let alternative = try path("", name).alternative
    #expect(alternative.utf8.count <= 255)
    #expect(alternative.hasSuffix("ü~01234567.mp3"))
  }

  @Test("differ for every delivery, content, folder and name, and are the same the next time")
  func partial() throws {
    let first = try path("in", "a.mp3").partial
    #expect(first == (try path("in/", "a.mp3").partial))
    #expect(first.hasPrefix("in/.") && first.hasSuffix(".partial"))
    for other in [
      try path("in", "b.mp3"), try path("out", "a.mp3"), try path("in", "a.mp3", id: "e"),
      try path("in", "a.mp3", hash: "00"),
    ] { #expect(other.partial.suffix(25) != first.suffix(25)) }
  }

  @Test("cannot leave their folder", arguments: ["", ".", "..", "a/b", "/a", "a\0b"])
  func unusable(name: String) throws {
    let delivery = try unwrap(DeliveryID("d"))
    #expect(RemotePath(folder: "in", name: name, delivery: delivery, contentHash: "00") == nil)
  }

  @Test("list the folders to make from the top")
  func folders() throws {
    #expect(try path("/srv/a/./b", "x").folders == ["/srv", "/srv/a", "/srv/a/b"])
    #expect(try path("a/b", "x").folders == ["a", "a/b"])
    #expect(try path("", "x").folders.isEmpty)
  }
}
