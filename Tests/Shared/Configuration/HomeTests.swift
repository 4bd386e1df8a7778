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

  @Test("keeps sockets, locks, keys and the first password in the state folder, if there is one")
  func state() throws {
    let plain = Home("/srv/air")
    #expect(plain.state == "/srv/air")
    let folder = try TemporaryFolder()
    let app = Home.standard(
      folder("app"), environment: ["AIRLOOM_HOME": "/no", "AIRLOOM_STATE": folder("app/data/")])
    let node = NodeID(unchecked: "recorder-2")
    #expect(app.database(of: node) == folder("app/data/recorder-2.sqlite"))
    #expect(app.lock(of: node) == folder("app/data/run/recorder-2.lock"))
    #expect(app.bus == folder("app/data/bus"))
    #expect(app.keys == folder("app/data/keys"))
    #expect(app.firstPassword == folder("app/data/first-password"))
    #expect(app.recordingLogs == folder("app/logs/recordings"))
    try app.makeFolders()
    #expect(TemporaryFolder.names(in: app.path) == ["data", "logs"])
    #expect(TemporaryFolder.names(in: app.state) == ["bus", "keys", "run"])
  }

  @Test("is refused when the sockets in it could not be named")
  func objection() {
    #expect(Home("/var/lib/airloom").objection == nil)
    let long = "/" + String(repeating: "x", count: 100)
    #expect(Home(long, state: "/s").objection == nil)
    #expect(Home("/s", state: long).objection?.contains("the state folder's path is 101") == true)
    #expect(Home("/s", state: "x").objection?.contains("AIRLOOM_STATE") == true)
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
