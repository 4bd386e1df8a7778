import Base
import Configuration
import Glibc
import TestSupport
import Testing

@Suite("The settings as text")
struct SettingsTextTests {
  @Test("the commented file is good as it is and sets nothing")
  func commentedFile() throws {
    let text = SettingsText.commentedFile()
    #expect(try read(text) == Settings())
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 104 })
  }

  @Test("with every comment taken away it says the defaults, key for key")
  func uncommented() throws {
    let lines = SettingsText.commentedFile().split(separator: "\n").map { line in
      line.hasPrefix("# ") && line.contains(" = ") ? line.dropFirst(2) : line
    }
    #expect(try read(lines.joined(separator: "\n")) == Settings())
    let keys = lines.filter { !$0.hasPrefix("#") && $0.contains(" = ") }
    #expect(keys.count == SettingsTable.sections.map(\.settings.count).reduce(0, +))
  }

  @Test("what is printed reads back as it was")
  func roundTrip() throws {
    var settings = Settings()
    settings.media.folder = "/a \"b\"\\\n\t\u{1}ü"
    settings.recorder.lead = .microseconds(1_500_001)
    settings.log.level = .warning
    settings.up.services = []
    #expect(try read(SettingsText.file(of: settings)) == settings)
  }

  @Test("every key reads and writes its own place")
  func places() throws {
    var seen: [Settings] = []
    for section in SettingsTable.sections {
      for setting in section.settings {
        let texts = others(setting.form).map { "[\(section.name)]\n\(setting.name) = \($0)" }
        let settings = try #require(
          try texts.map(read).first { $0 != Settings() }, "\(texts)")
        #expect(!seen.contains(settings), "\(texts)")
        seen.append(settings)
      }
    }
  }

  @Test("durations end with their unit, and names occur once in a section")
  func names() {
    for section in SettingsTable.sections {
      #expect(Set(section.settings.map(\.name)).count == section.settings.count)
      for setting in section.settings {
        if case .seconds = setting.form { #expect(setting.name.hasSuffix("_s")) }
        #expect(setting.about.hasSuffix("."), "\(setting.name)")
      }
    }
  }

  @Test("docs/configuration.md has the tables as they are; `make docs` writes them anew")
  func reference() throws {
    let path = projectFolder() + "/docs/configuration.md"
    let page = String(decoding: try DurableFile.read(path), as: UTF8.self)
    let mark = "<!-- generated: every section and key -->\n"
    let head = try #require(page.firstRange(of: mark)?.upperBound)
    let wanted = page[..<head] + "\n" + SettingsText.reference()
    if getenv("AIRLOOM_WRITE_DOCS") != nil {
      try DurableFile.write(Array(wanted.utf8), to: path, mode: 0o644)
    } else {
      #expect(page == wanted, "docs/configuration.md is not what the settings are: make docs")
    }
  }

  /// Values of the form, of which at least one is nobody's default.
  private func others(_ form: SettingForm) -> [String] {
    switch form {
    case .flag: ["true", "false"]
    case .text: ["\"other\""]
    case .texts: ["[\"other\"]"]
    case .choice(let names): names.map { "\"\($0)\"" }
    case .choices: ["[]"]
    case .integer(let range): ["\(range.upperBound)"]
    case .seconds(let range): ["\(range.upperBound)"]
    }
  }

  private func read(_ text: String) throws -> Settings {
    try SettingsReader.settings(from: Array(text.utf8), named: "f", environment: [:])
  }

  private func projectFolder(file: String = #filePath) -> String {
    file.split(separator: "/", omittingEmptySubsequences: false).dropLast(4)
      .joined(separator: "/")
  }
}
