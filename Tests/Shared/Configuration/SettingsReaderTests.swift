import Base
import Configuration
import TestSupport
import Testing

@Suite("Reading the settings")
struct SettingsReaderTests {
  @Test("an empty file gives the defaults")
  func empty() throws {
    #expect(try read("") == Settings())
  }

  @Test("each form is understood")
  func forms() throws {
    let settings = try read(
      """
      [web]
      port = 0
      address = "::"
      [recorder]
      lead_s = 2.5
      stall_after_s = 30
      [log]
      level = "debug"
      [up]
      services = ["recorder", "gateway"]
      [alerts]
      to = ["a@example.org", "b@example.org"]
      starttls = "off"
      """)
    var expected = Settings()
    expected.web.port = 0
    expected.web.address = "::"
    expected.recorder.lead = .milliseconds(2500)
    expected.recorder.stallAfter = .seconds(30)
    expected.log.level = .debug
    expected.up.services = ["recorder", "gateway"]
    expected.alerts.to = ["a@example.org", "b@example.org"]
    expected.alerts.starttls = "off"
    #expect(settings == expected)
  }

  @Test(
    "what is wrong is said with its place and a way out",
    arguments: [
      ("[web]\nprot = 1", "f:2:1: [web] has no key 'prot'; did you mean 'port'?"),
      ("[wbe]\nport = 1", "f:1:2: there is no section [wbe]; did you mean [web]?"),
      (
        "[tape]\nx = 1",
        "f:1:2: there is no section [tape]; the sections are web, service, bus, media, "
          + "scheduler, recorder, converter, feeder, delivery, alerts, up, log"
      ),
      ("port = 1", "f:1:1: 'port' stands outside any section; it belongs under [web]"),
      (
        "colour = 1",
        "f:1:1: 'colour' stands outside any section; each key belongs under a [section]"
      ),
      ("web = 1", "f:1:1: web is a section: write [web] on its own line"),
      ("[web]\n  lead_s = 1", "f:2:3: [web] has no key 'lead_s'; it belongs under [recorder]"),
      ("[log]\ncolour = 1", "f:2:1: [log] has no key 'colour'; its keys are level"),
      (
        "[web]\nport = \"80\"",
        "f:2:8: [web] port must be a whole number from 0 to 65535, not the text \"80\""
      ),
      (
        "[web]\nport = 65536",
        "f:2:8: [web] port must be a whole number from 0 to 65535, not 65536"
      ),
      (
        "[web]\nport = 80.5",
        "f:2:8: [web] port must be a whole number from 0 to 65535, not 80.5"
      ),
      ("[web]\naddress = 1", "f:2:11: [web] address must be a text in quotes, not 1"),
      (
        "[recorder]\nlead_s = nan",
        "f:2:10: [recorder] lead_s must be a number of seconds from 0 to 600, not nan"
      ),
      (
        "[recorder]\nlead_s = -1",
        "f:2:10: [recorder] lead_s must be a number of seconds from 0 to 600, not -1"
      ),
      (
        "[log]\nlevel = \"loud\"",
        "f:2:9: [log] level must be one of \"debug\", \"info\", \"warning\", \"error\", "
          + "not the text \"loud\""
      ),
      (
        "[up]\nservices = [\"gateway\", \"x\"]",
        "f:2:12: [up] services must be a list of any of \"scheduler\", \"recorder\", "
          + "\"converter\", \"feeder\", \"delivery\", \"gateway\", not a list"
      ),
      (
        "[converter]\nfolders = [\"/drops\", 1]",
        "f:2:11: [converter] folders must be a list of texts in quotes, not a list"
      ),
      (
        "[web]\nport == 1",
        "f:2:7: this is not TOML: parsing value: could not determine value type; a text needs quotes"
      ),
    ])
  func problems(text: String, sentence: String) {
    let error = #expect(throws: ConfigurationError.self) { try read(text) }
    #expect(error?.description == sentence)
  }

  @Test("all problems come at once, in the order of the file")
  func several() {
    let error = #expect(throws: ConfigurationError.self) {
      try read(
        "[web]\nprot = 1\nport = true\n[bsu]\nx = 1\n[log]\nlevel = 1",
        ["AIRLOOM_WEB_PORT": "many"])
    }
    #expect(error?.problems.map { $0.position?.line } == [2, 3, 4, 7, nil])
    #expect(
      error?.problems.last?.description
        == "AIRLOOM_WEB_PORT: must be a whole number from 0 to 65535, not \"many\"")
  }

  @Test("the environment wins over the file")
  func environment() throws {
    let file = "[web]\nport = 1\n[recorder]\nlead_s = 1"
    let short = try read(file, ["WEB_PORT": "9000", "AIRLOOM_RECORDER_LEAD_S": "2.5"])
    #expect(short.web.port == 9000)
    #expect(short.recorder.lead == .milliseconds(2500))
    let both = try read(file, ["WEB_PORT": "9000", "AIRLOOM_WEB_PORT": "9001"])
    #expect(both.web.port == 9001)
    let list = try read(file, ["AIRLOOM_UP_SERVICES": "gateway, recorder"])
    #expect(list.up.services == ["gateway", "recorder"])
  }

  @Test("a variable that looks like a setting and is none is refused")
  func unknownVariable() {
    let error = #expect(throws: ConfigurationError.self) {
      try read("", ["AIRLOOM_RECORDER_LEED_S": "1", "AIRLOOM_HOME": "/x", "AIRLOOM_OTHER": "1"])
    }
    #expect(
      error?.description
        == "AIRLOOM_RECORDER_LEED_S: this environment variable sets nothing; "
        + "did you mean AIRLOOM_RECORDER_LEAD_S?")
  }

  @Test("a missing file is the defaults, or an error where it was asked for")
  func missingFile() throws {
    let path = "/no/such/airloom.toml"
    #expect(
      try SettingsReader.read(path: path, isRequired: false, environment: [:]) == Settings())
    let error = #expect(throws: ConfigurationError.self) {
      try SettingsReader.read(path: path, isRequired: true, environment: [:])
    }
    #expect(error?.description == "\(path): cannot be read: No such file or directory")
  }

  @Test("no half-written file brings the parser down")
  func truncated() throws {
    let whole = Array(SettingsText.file(of: Settings()).utf8)
    for count in 0...whole.count {
      // Whether it is refused depends on where it was cut; that it answers is the point.
      _ = try? SettingsReader.settings(
        from: Array(whole[..<count]), named: "f", environment: [:])
    }
    var generator = SplitMix64(seed: 7)
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0..<3 {
        bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
          in: 0...255, using: &generator)
      }
      _ = try? SettingsReader.settings(from: bytes, named: "f", environment: [:])
    }
  }

  private func read(_ text: String, _ environment: [String: String] = [:]) throws -> Settings {
    try SettingsReader.settings(from: Array(text.utf8), named: "f", environment: environment)
  }
}
