import Base
import FoundationEssentials
import Glibc
import Messages
import Subprocess
import TestSupport
import Testing

/// A podcast from the publisher's server to the archive and on to a destination.
@Suite("A podcast")
struct FeedTests {
  private struct FeedInput: Encodable {
    var id = "show"
    var url: String
    var destinations = ["archive"]
  }
  private struct EpisodeList: Decodable { let episodes: [Episode] }

  @Test(
    "arrives whole and once, with kill -9 of the feeder in the middle of each download",
    .timeLimit(.minutes(10)))
  func killed() async throws {
    // So slow that there is a middle: four seconds for each episode.
    let nginx = try await NginxServer.start(
      serverLines: ["location ~ mp3$ { limit_rate 200k; }"])
    let originals = try await Self.publish(3, on: nginx)
    let installation = try Installation(
      settings: """
        [feeder]
        allow_private_addresses = true
        downloads = 1
        [delivery]
        retry_first_s = 0.2
        """)
    try await installation.told {
      try await installation.start([.feeder, .delivery, .gateway, .scheduler])
      let client = RESTClient(installation)
      try await client.logIn()
      let archive = try await Archive.start(for: client)
      try await client.post("/api/v1/feeds", FeedInput(url: nginx.url("feed.xml")))
      let folder = installation.home("media/podcasts/show")
      for kill in 1...3 {
        try await eventually("a download is in its middle", within: .seconds(60)) {
          let parts = Self.names(in: folder).filter { $0.hasSuffix(".part") }
          return parts.contains { (Self.size(of: "\(folder)/\($0)") ?? 0) > 250_000 }
        }
        await installation.kill(.feeder)
        // What stands under a final name is whole, whenever the kill came.
        for name in Self.names(in: folder) where name.hasSuffix(".mp3") {
          #expect(originals.contains(try Files.hash("\(folder)/\(name)")), "after kill \(kill)")
        }
        try await installation.start(.feeder)
        let count = kill
        try await eventually("the next one is there", within: .seconds(60)) {
          Self.names(in: folder).filter { $0.hasSuffix(".mp3") }.count >= count
        }
      }
      let episodes = try await eventually("three are archived", within: .seconds(60)) {
        let found = await client.find("/api/v1/feeds/show/episodes", as: EpisodeList.self)
        let archived = found?.episodes.filter { $0.state == .archived } ?? []
        return archived.count == 3 ? archived : nil
      }
      #expect(Set(episodes.compactMap(\.file?.sha256)) == originals)
      let names = Self.names(in: folder)
      #expect(names.count == 3, "\(names)")
      #expect(Set(try names.map { try Files.hash("\(folder)/\($0)") }) == originals)
      try await eventually("three are delivered", within: .seconds(60)) {
        archive.files.filter { !$0.hasPrefix(".") }.count == 3
          && archive.files.allSatisfy { !$0.contains(".partial") }
      }
      let sent = try archive.files.map { try Files.hash("\(archive.server.folder)/\($0)") }
      #expect(Set(sent) == originals)
      #expect(await installation.stop().isEmpty)
    }
  }

  /// Makes a feed of episodes that differ; answers the files' hashes.
  private static func publish(_ count: Int, on nginx: NginxServer) async throws -> Set<String> {
    var hashes: Set<String> = []
    var items = ""
    for number in 1...count {
      let path = "\(nginx.folder)/\(number).mp3"
      let run = try await ChildProcess.run(
        ChildCommand(
          try requires(.ffmpeg),
          [
            "-nostdin", "-v", "error", "-f", "lavfi", "-i",
            "sine=frequency=\(300 * number):duration=50", "-b:a", "128k", path,
          ]), timeout: .seconds(60))
      guard run.exit.isSuccess else { throw TestFailure("ffmpeg: \(run.errorText)") }
      hashes.insert(try Files.hash(path))
      items += """
        <item><title>Part \(number)</title><guid>part-\(number)</guid>
        <pubDate>\(9 + number) Nov 2026 08:00:00 GMT</pubDate>
        <itunes:duration>0:50</itunes:duration>
        <enclosure url="\(nginx.url("\(number).mp3"))" type="audio/mpeg" length="1"/></item>
        """
    }
    let feed = """
      <?xml version="1.0"?><rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">
      <channel><title>The show</title>\(items)</channel></rss>
      """
    try DurableFile.write(Array(feed.utf8), to: "\(nginx.folder)/feed.xml", mode: 0o644)
    return hashes
  }

  private static func names(in folder: String) -> [String] {
    TemporaryFolder.names(in: folder)
  }

  private static func size(of path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
  }
}
