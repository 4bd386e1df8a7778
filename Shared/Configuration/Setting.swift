internal import Base

/// One key that `airloom.toml` may contain: its name, form, meaning, and the place in `Settings`
/// that it fills. The table of them is what decodes the file, writes the commented one and makes
/// the reference page, so that none of these can say something else than the others.
public struct Setting: Sendable {
  public let name: String
  public let form: SettingForm
  /// One or two sentences for a person.
  public let about: String
  /// A short environment variable beside the systematic one.
  public let shortVariable: String?
  let read: @Sendable (Settings) -> SettingForm.Value
  let write: @Sendable (SettingForm.Value, inout Settings) -> Void

  static func integer(
    _ name: String, _ path: any WritableKeyPath<Settings, Int> & Sendable,
    _ range: ClosedRange<Int>, _ about: String, variable: String? = nil
  ) -> Setting {
    Setting(name: name, form: .integer(range), about: about, shortVariable: variable) {
      .integer($0[keyPath: path])
    } write: { value, settings in
      if case .integer(let number) = value { settings[keyPath: path] = number }
    }
  }

  static func seconds(
    _ name: String, _ path: any WritableKeyPath<Settings, Duration> & Sendable,
    _ range: ClosedRange<Double>, _ about: String
  ) -> Setting {
    precondition(name.hasSuffix("_s"), "a duration's key ends with its unit")
    return Setting(name: name, form: .seconds(range), about: about, shortVariable: nil) {
      .duration($0[keyPath: path])
    } write: { value, settings in
      if case .duration(let duration) = value { settings[keyPath: path] = duration }
    }
  }

  static func text(
    _ name: String, _ path: any WritableKeyPath<Settings, String> & Sendable, _ about: String,
    variable: String? = nil
  ) -> Setting {
    Setting(name: name, form: .text, about: about, shortVariable: variable) {
      .text($0[keyPath: path])
    } write: { value, settings in
      if case .text(let text) = value { settings[keyPath: path] = text }
    }
  }

  static func flag(
    _ name: String, _ path: any WritableKeyPath<Settings, Bool> & Sendable, _ about: String
  ) -> Setting {
    Setting(name: name, form: .flag, about: about, shortVariable: nil) {
      .flag($0[keyPath: path])
    } write: { value, settings in
      if case .flag(let flag) = value { settings[keyPath: path] = flag }
    }
  }

  static func choices(
    _ name: String, _ path: any WritableKeyPath<Settings, [String]> & Sendable,
    among names: [String], _ about: String
  ) -> Setting {
    Setting(name: name, form: .choices(names), about: about, shortVariable: nil) {
      .texts($0[keyPath: path])
    } write: { value, settings in
      if case .texts(let texts) = value { settings[keyPath: path] = texts }
    }
  }

  static func choice(
    _ name: String, _ path: any WritableKeyPath<Settings, String> & Sendable,
    among names: [String], _ about: String
  ) -> Setting {
    Setting(name: name, form: .choice(names), about: about, shortVariable: nil) {
      .text($0[keyPath: path])
    } write: { value, settings in
      if case .text(let text) = value { settings[keyPath: path] = text }
    }
  }

  static func texts(
    _ name: String, _ path: any WritableKeyPath<Settings, [String]> & Sendable, _ about: String
  ) -> Setting {
    Setting(name: name, form: .texts, about: about, shortVariable: nil) {
      .texts($0[keyPath: path])
    } write: { value, settings in
      if case .texts(let texts) = value { settings[keyPath: path] = texts }
    }
  }

  static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Settings, Value> & Sendable, _ about: String
  ) -> Setting {
    let form = SettingForm.choice(Value.allCases.map(\.rawValue))
    return Setting(name: name, form: form, about: about, shortVariable: nil) {
      .text($0[keyPath: path].rawValue)
    } write: { value, settings in
      if case .text(let text) = value, let chosen = Value(rawValue: text) {
        settings[keyPath: path] = chosen
      }
    }
  }

  static func level(
    _ name: String, _ path: any WritableKeyPath<Settings, LogLevel> & Sendable, _ about: String
  ) -> Setting {
    let form = SettingForm.choice(LogLevel.allCases.map(\.name))
    return Setting(name: name, form: form, about: about, shortVariable: nil) {
      .text($0[keyPath: path].name)
    } write: { value, settings in
      if case .text(let text) = value, let level = LogLevel(name: text) {
        settings[keyPath: path] = level
      }
    }
  }
}

/// A `[section]` of the file.
public struct SettingsSection: Sendable {
  public let name: String
  /// What it is about, one sentence.
  public let about: String
  public let settings: [Setting]

  /// The systematic variable of a setting: `AIRLOOM_RECORDER_LEAD_S`.
  public func variable(for setting: Setting) -> String {
    "AIRLOOM_\(name)_\(setting.name)".uppercased()
  }
}
