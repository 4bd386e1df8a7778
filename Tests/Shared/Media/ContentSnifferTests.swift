import Media
import TestSupport
import Testing

struct ContentSnifferTests {
  @Test(arguments: [
    ("audio/mpeg", ContentKind.mpegAudio), ("Audio/MPEG; charset=utf-8", .mpegAudio),
    ("audio/aacp", .adts), ("application/ogg", .ogg), ("audio/x-scpls", .playlist),
    ("application/vnd.apple.mpegurl", .hls), ("text/html", .html), ("", .unknown),
    ("application/octet-stream", .unknown),
  ])
  func `A content type is known`(_ type: String, _ kind: ContentKind) {
    #expect(ContentSniffer.kind(ofContentType: type) == kind)
  }

  struct Content: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]
    let kind: ContentKind

    init(_ name: String, _ bytes: [UInt8], _ kind: ContentKind) {
      testDescription = name
      self.bytes = bytes
      self.kind = kind
    }

    init(_ name: String, _ text: String, _ kind: ContentKind) {
      self.init(name, Array(text.utf8), kind)
    }
  }

  static let mp3 = NumberedFrames(.mp3(kilobits: 320, sampleRate: 44_100)).frames(0..<6)
  static let aac = NumberedFrames(.adts(payload: 200, sampleRate: 44_100)).frames(0..<5)

  static let contents: [Content] = [
    Content("MP3", mp3, .mpegAudio),
    Content("MP3 that begins in the middle of a frame", Array(mp3.dropFirst(77)), .mpegAudio),
    Content("AAC labelled as anything", aac, .adts),
    Content("PLS", "[playlist]\nFile1=http://x/", .playlist),
    Content(
      "M3U with a byte order mark", [0xEF, 0xBB, 0xBF] + Array("#EXTM3U\nhttp://x/".utf8),
      .playlist),
    Content("bare M3U", "\r\nhttp://x/stream\r\n", .playlist),
    Content("HLS", "#EXTM3U\n#EXT-X-VERSION:3\n", .hls),
    Content("Ogg", "OggS\0\u{2}", .ogg),
    Content("MP4", [0, 0, 0, 24] + Array("ftypM4A \0\0\0\0".utf8), .mp4),
    Content("an error page", "<!DOCTYPE html><title>404", .html),
    Content("a page that calls itself XML", "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC", .html),
    Content("zeros", [UInt8](repeating: 0, count: 5000), .unknown),
    Content("nothing", "", .unknown),
  ]

  @Test(arguments: [
    ("[playlist]\r\nNumberOfEntries=1\r\nFile1=http://a/b\r\n", "http://a/b"),
    ("#EXTM3U\n#EXTINF:-1,Radio\n https://a/b?c=d \n", "https://a/b?c=d"),
    ("\u{FEFF}\nhttp://a/\nhttp://b/", "http://a/"), ("nothing here", nil), ("", nil),
  ])
  func `A playlist's first address is found`(_ text: String, _ url: String?) {
    #expect(StreamPlaylist.firstURL(in: Array(text.utf8)) == url)
  }

  @Test(arguments: contents)
  func `Content is told by its first bytes`(_ content: Content) {
    let kind = content.bytes.withUnsafeBytes { ContentSniffer.kind(ofContent: $0) }
    #expect(kind == content.kind)
  }
}
