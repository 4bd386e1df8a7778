import Media
import Testing

/// Lists that stations hand out, as they are found in the wild.
struct StreamPlaylistTests {
  @Test(
    arguments: [
      (
        "[playlist]\nNumberOfEntries=2\nFile1=http://a/1\nTitle1=x.y/z\nFile2=http://a/2\n",
        ["http://a/1", "http://a/2"]
      ),
      (
        "#EXTM3U\n#EXTINF:-1,Radio\nlive.mp3\n/other\nhttp://b/x\n",
        ["http://h/dir/live.mp3", "http://h/other", "http://b/x"]
      ),
      (
        "<asx version=\"3.0\"><entry><ref href=\"http://a/x?a=1&amp;b=2\"/></entry></asx>",
        ["http://a/x?a=1&b=2"]
      ),
      (
        "<ASX><ENTRY><REF HREF='mms://a/x' /><Ref href=\"http://c/\"></ENTRY>",
        ["http://a/x", "http://c/"]
      ),
      (
        "<?xml version=\"1.0\"?>\n<playlist version=\"1\" xmlns=\"http://xspf.org/ns/0/\"><trackList>"
          + "<track><location> http://a/1 </location></track><track><location>2.ogg</location></track>"
          + "</trackList></playlist>", ["http://a/1", "http://h/dir/2.ogg"]
      ),
      ("ftp://a/x\nhttp://a/x\nhttp://a/x\n", ["http://a/x"]), ("<asx></asx>", []),
    ] as [(String, [String])])
  func `Every address is found once, relative ones from where the list came`(
    _ text: String, _ addresses: [String]
  ) {
    #expect(
      StreamPlaylist.addresses(in: Array(text.utf8), from: "http://h/dir/list") == addresses)
  }

  @Test func `Lists in tags are told from pages`() {
    for (text, kind) in [
      ("<ASX><MoreInfo href=\"http://a/index.html\"/></ASX>", ContentKind.playlist),
      ("<?xml version=\"1.0\"?><playlist xmlns=\"http://xspf.org/ns/0/\"/>", .playlist),
      ("<!DOCTYPE html><html>", .html),
    ] {
      #expect(Array(text.utf8).withUnsafeBytes { ContentSniffer.kind(ofContent: $0) } == kind)
    }
  }
}
