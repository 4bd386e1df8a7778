internal import Base
internal import Configuration
internal import Glibc
internal import Service

/// The installation that a command is about: its home, its settings file and the environment.
struct Place: Sendable {
  let home: Home
  let settingsFile: SettingsFile
  /// What `--config` or AIRLOOM_CONFIG named, made absolute.
  let givenSettings: String?
  let environment: [String: String]

  init(_ input: CommandLineInput, environment: [String: String]) throws(ServiceError) {
    self.environment = environment
    let folder = Self.currentFolder
    // People type relative paths; the services want absolute ones.
    let given = (input.home ?? environment["AIRLOOM_HOME"]).flatMap { $0.isEmpty ? nil : $0 }
    home = Home.standard(given.map { Self.absolute($0, from: folder) }, environment: environment)
    if let objection = home.objection { throw ServiceError(.usage, objection) }
    let path = input.settings ?? environment["AIRLOOM_CONFIG"]
    givenSettings = path.map { Self.absolute($0, from: folder) }
    settingsFile = SettingsFile(givenSettings, in: home)
  }

  func settings() throws(ConfigurationError) -> Settings {
    try SettingsReader.read(
      path: settingsFile.path, isRequired: settingsFile.isRequired, environment: environment)
  }

  static func absolute(_ path: String, from folder: String) -> String {
    if path.hasPrefix("/") { return path }
    if path == "." { return folder }
    let tail = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return folder == "/" ? "/\(tail)" : "\(folder)/\(tail)"
  }

  private static var currentFolder: String {
    guard let buffer = getcwd(nil, 0) else { return "/" }
    defer { free(buffer) }
    return String(cString: buffer)
  }
}
