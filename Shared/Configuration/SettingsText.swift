/// The settings as text: the commented file that a first start writes, what is in force, and the
/// tables of the reference page.
public enum SettingsText {
  /// Every key with its meaning, commented out at its default, so that a later version's better
  /// default is taken by everybody who has not decided otherwise.
  public static func commentedFile() -> String {
    var text = """
      # Airloom's settings. Every key stands here with its default; take the '# ' away before the
      # ones that you change. `airloom config check` reads the file and says what is wrong with it;
      # the services read it when they start.

      """
    let defaults = Settings()
    for section in SettingsTable.sections {
      text += "\n# \(section.about)\n[\(section.name)]\n"
      for setting in section.settings {
        text += wrapped("\(setting.about) Must be \(setting.form.expectation).", prefix: "## ")
        text += "# \(setting.name) = \(SettingForm.written(setting.read(defaults)))\n"
      }
    }
    return text
  }

  /// Every key with the value in force.
  public static func file(of settings: Settings) -> String {
    SettingsTable.sections.map { section in
      let lines = section.settings.map { setting in
        "\(setting.name) = \(SettingForm.written(setting.read(settings)))"
      }
      return (["[\(section.name)]"] + lines).joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }

  /// The reference in Markdown: a table for each section.
  public static func reference() -> String {
    let defaults = Settings()
    return SettingsTable.sections.map { section in
      let rows = section.settings.map { setting in
        let variables = [setting.shortVariable, section.variable(for: setting)]
          .compactMap { $0.map { "`\($0)`" } }.joined(separator: " ")
        return "| `\(setting.name)` | `\(SettingForm.written(setting.read(defaults)))` "
          + "| \(setting.about) Must be \(setting.form.expectation). | \(variables) |"
      }
      return """
        ## [\(section.name)]
        \(section.about)

        | key | default | meaning | environment |
        | --- | --- | --- | --- |
        \(rows.joined(separator: "\n"))

        """
    }.joined(separator: "\n")
  }

  /// Lines of at most 100 columns.
  private static func wrapped(_ text: String, prefix: String) -> String {
    var lines: [String] = []
    var line = prefix
    for word in text.split(separator: " ") {
      if line.count + word.count > 100, line != prefix {
        lines.append(line)
        line = prefix
      }
      line += (line == prefix ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n") + "\n"
  }
}
