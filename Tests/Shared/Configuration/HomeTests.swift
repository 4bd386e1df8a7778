import Base
import Configuration
import TestSupport
import Testing

@Suite("The home folder")
struct HomeTests {
  @Test(
    "is where the environment says, else where it belongs to the user",
    arguments: [
      (["AIRLOOM_HOME": "/srv/air/", "HOME": "/home/ann"], "/srv/air"),
      (["AIRLOOM_HOME": "", "HOME": "/home/ann"], "/home/ann/airloom"),
      (["HOME": "/root"], "/root/airloom"),
      ([:], "/var/lib/airloom"),
    ])
  func standard(environment: [String: String], path: String) {
    #expect(Home.standard(environment: environment).path == path)
  }

  @Test("is refused when the sockets in it could not be named")
  func objection() {
    #expect(Home("/var/lib/airloom").objection == nil)
    #expect(Home("relative").objection?.contains("must be an absolute path") == true)
    #expect(Home("/" + String(repeating: "x", count: 100)).objection?.contains("101 bytes") == true)
  }

  @Test("gets its folders, again and again")
  func folders() throws {
    let folder = try TemporaryFolder()
    let home = Home(folder("deep/home"))
    try home.makeFolders()
    try home.makeFolders()
    #expect(TemporaryFolder.names(in: home.path) == ["bus", "data", "keys", "logs", "run"])
  }

  @Test("media may lie elsewhere")
  func media() {
    var settings = Settings()
    #expect(Home("/h").tape(settings) == "/h/media/tape")
    settings.media.folder = "/mnt/big/"
    #expect(Home("/h").recordings(settings) == "/mnt/big/recordings")
  }
}
