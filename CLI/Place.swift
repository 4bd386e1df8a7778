internal import Base
internal import Configuration
internal import Glibc
internal import Service

/// The installation that a command is about: its home, its settings file and the environment.
struct Place: Sendable {
  let home: Home
  let settingsPath: String
  let isSettingsPathGiven: Bool
  let environment: [String: String]

  init(_ input: CommandLineInput, environment: [String: String]) throws(ServiceError) {
    self.environment = environment
    let folder = Self.currentFolder
    let given = input.home ?? environment["AIRLOOM_HOME"]
    // People type relative paths; the services want absolute ones.
    home =
      given.map { Home(Self.absolute($0, from: folder)) }
      ?? Home.standard(environment: environment)
    if let objection = home.objection { throw ServiceError(.usage, objection) }
    let path = input.settings ?? environment["AIRLOOM_CONFIG"]
    settingsPath = path.map { Self.absolute($0, from: folder) } ?? home.settings
    isSettingsPathGiven = path != nil
  }

  func settings() throws(ConfigurationError) -> Settings {
    try SettingsReader.read(
      path: settingsPath, isRequired: isSettingsPathGiven, environment: environment)
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
