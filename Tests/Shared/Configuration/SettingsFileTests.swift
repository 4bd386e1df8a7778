import Configuration
import Testing

@Suite("The settings file")
struct SettingsFileTests {
  @Test(
    "must be there where it was named, but not in a folder that was",
    arguments: [
      (nil, "/h/airloom.toml", false),
      ("/etc/airloom.toml", "/etc/airloom.toml", true),
      ("/app/config/", "/app/config/airloom.toml", false),
    ] as [(String?, String, Bool)])
  func place(given: String?, path: String, isRequired: Bool) {
    let file = SettingsFile(given, in: Home("/h"))
    #expect(file.path == path)
    #expect(file.isRequired == isRequired)
  }
}
