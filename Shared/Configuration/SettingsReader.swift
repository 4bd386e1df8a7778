internal import Base

/// Turns a file and the environment into `Settings`, strictly: what is not in the table is refused.
public enum SettingsReader {
  /// Variables that begin like settings but are none.
  public static let otherVariables: Set<String> = [
    "AIRLOOM_HOME", "AIRLOOM_STATE", "AIRLOOM_CONFIG", "AIRLOOM_NODE", "AIRLOOM_ADMIN_PASSWORD",
    "AIRLOOM_ADMIN_PASSWORD_FILE",
  ]

  /// Reads the file; the environment wins over it. A missing file is an error only where
  /// `isRequired`. Blocks for the disk.
  public static func read(
    path: String, isRequired: Bool, environment: [String: String]
  ) throws(ConfigurationError) -> Settings {
    let bytes: [UInt8]
    do {
      bytes = try DurableFile.read(path)
    } catch {
      // 2 is ENOENT everywhere.
      guard error.code == 2, !isRequired else {
        throw ConfigurationError([.init(source: path, "cannot be read: \(error.reason)")])
      }
      bytes = []
    }
    return try settings(from: bytes, named: path, environment: environment)
  }

  /// The same from memory.
  public static func settings(
    from bytes: [UInt8], named source: String, environment: [String: String]
  ) throws(ConfigurationError) -> Settings {
    var settings = Settings()
    var problems: [ConfigurationError.Problem] = []
    do {
      let root = try TOMLDocument.parse(bytes)
      var decoder = SettingsDecoder(source: source)
      decoder.decode(root, into: &settings)
      problems = decoder.problems.sorted {
        ($0.position ?? TextPosition(line: 0, column: 0))
          < ($1.position ?? TextPosition(line: 0, column: 0))
      }
    } catch {
      problems = [
        .init(source: source, position: error.position, sentence(for: error.reason))
      ]
    }
    problems += apply(environment, to: &settings)
    if !problems.isEmpty { throw ConfigurationError(problems) }
    return settings
  }

  /// toml++'s words, with a way out for the slip that is made most.
  private static func sentence(for reason: String) -> String {
    let start = "Error while "
    let words = reason.hasPrefix(start) ? String(reason.dropFirst(start.count)) : reason
    let hint = words.hasSuffix("could not determine value type") ? "; a text needs quotes" : ""
    return "this is not TOML: \(words)\(hint)"
  }

  private static func apply(
    _ environment: [String: String], to settings: inout Settings
  ) -> [ConfigurationError.Problem] {
    var problems: [ConfigurationError.Problem] = []
    var known = otherVariables
    for section in SettingsTable.sections {
      for setting in section.settings {
        // The systematic name wins over the short one.
        for name in [setting.shortVariable, section.variable(for: setting)].compactMap(\.self) {
          known.insert(name)
          guard let text = environment[name] else { continue }
          if let value = setting.form.value(ofText: text) {
            setting.write(value, &settings)
          } else {
            problems.append(
              .init(source: name, "must be \(setting.form.expectation), not \"\(text)\""))
          }
        }
      }
    }
    let prefixes = SettingsTable.sections.map { "AIRLOOM_\($0.name)_".uppercased() }
    for name in environment.keys.sorted() where !known.contains(name) {
      guard prefixes.contains(where: name.hasPrefix) else { continue }
      let hint = NearMiss.best(for: name, among: known).map { "; did you mean \($0)?" } ?? ""
      problems.append(.init(source: name, "this environment variable sets nothing\(hint)"))
    }
    return problems
  }
}

/// Walks the document beside the table and collects what is wrong.
private struct SettingsDecoder {
  let source: String
  private(set) var problems: [ConfigurationError.Problem] = []

  init(source: String) { self.source = source }

  mutating func decode(_ root: TOMLNode, into settings: inout Settings) {
    guard case .table(let entries) = root.value else { return }
    for entry in entries {
      guard let section = SettingsTable.sections.first(where: { $0.name == entry.key }) else {
        report(entry.position, unknownSection(entry))
        continue
      }
      guard case .table(let keys) = entry.node.value else {
        report(
          entry.position, "\(section.name) is a section: write [\(section.name)] on its own line")
        continue
      }
      for key in keys { decode(key, in: section, into: &settings) }
    }
  }

  private mutating func decode(
    _ entry: TOMLEntry, in section: SettingsSection, into settings: inout Settings
  ) {
    guard let setting = section.settings.first(where: { $0.name == entry.key }) else {
      return report(entry.position, unknownKey(entry.key, in: section))
    }
    guard let value = setting.form.value(of: entry.node) else {
      return report(
        entry.node.position,
        "[\(section.name)] \(setting.name) must be \(setting.form.expectation), "
          + "not \(entry.node.spoken)")
    }
    setting.write(value, &settings)
  }

  private mutating func report(_ position: TextPosition, _ sentence: String) {
    problems.append(.init(source: source, position: position, sentence))
  }

  private func unknownSection(_ entry: TOMLEntry) -> String {
    if case .table = entry.node.value {
      let names = SettingsTable.sections.map(\.name)
      let hint = NearMiss.best(for: entry.key, among: names).map { "did you mean [\($0)]?" }
      return "there is no section [\(entry.key)]; "
        + (hint ?? "the sections are \(names.joined(separator: ", "))")
    }
    let homes = SettingsTable.sections.filter { section in
      section.settings.contains { $0.name == entry.key }
    }
    guard let home = homes.first, homes.count == 1 else {
      return "'\(entry.key)' stands outside any section; each key belongs under a [section]"
    }
    return "'\(entry.key)' stands outside any section; it belongs under [\(home.name)]"
  }

  private func unknownKey(_ key: String, in section: SettingsSection) -> String {
    let names = section.settings.map(\.name)
    if let meant = NearMiss.best(for: key, among: names) {
      return "[\(section.name)] has no key '\(key)'; did you mean '\(meant)'?"
    }
    let homes = SettingsTable.sections.filter { $0.settings.contains { $0.name == key } }
    if let home = homes.first {
      return "[\(section.name)] has no key '\(key)'; it belongs under [\(home.name)]"
    }
    return "[\(section.name)] has no key '\(key)'; its keys are \(names.joined(separator: ", "))"
  }
}
